/** Numbers that come out of the course's own programs: messages of exercises' solutions, loads of links, files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sequenceOf } from "../../../src/draw/sequence.ts";
import { courseExercises } from "../../../src/exercise/node/catalog.ts";
import { loadExercise, runOnce } from "../../../src/exercise/node/checker.ts";
import { compileAnswer } from "../../../src/exercise/node/compile-answer.ts";
import { compileProgram } from "../../../src/job/node/compile.ts";
import { runJob } from "../../../src/job/node/job.ts";
import type { Shown } from "../../../src/script/index.ts";
import {
  describedMachine,
  layOn,
  type MachineName,
  parts,
  runVirtual,
  uniformNetwork,
} from "../../../src/sim/index.ts";
import { allReduceCosts, type MessageAlgorithm } from "../../../src/world/index.ts";

/** A message that was recorded. */
export interface Message {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Messages of an exercise's solution, in an order in which they can have happened. */
export async function messagesOf(number: string, world: number): Promise<Message[]> {
  const exercise = courseExercises().find((each) => each.number === number);
  if (!exercise) throw new Error(`There is no exercise ${number}.`);
  const program = await compileAnswer(exercise.file, join(exercise.folder, "solution.ts"));
  const settings = { world, transport: "local" as const, seed: 1, interleaving: undefined, variant: 0 };
  const ran = await runOnce(await loadExercise(exercise.file), program, settings);
  if (!("result" in ran)) throw new Error(ran.message);
  const { rows } = sequenceOf(ran.result.records.map(({ traffic }) => traffic));
  return rows.flatMap((row) => (row.kind === "message" ? [row] : []));
}

/** Bytes or messages that the busiest rank sends for an allReduce of `bytes` on `n` ranks. */
export function sentBy(algorithm: MessageAlgorithm, n: number, bytes: number): { messages: number; bytes: number } {
  const problem = { size: n, count: bytes / 4, itemBytes: 4 };
  const sent = Array.from({ length: n }, (_, rank) => allReduceCosts[algorithm].sent(rank, problem));
  return { messages: Math.max(...sent.map((one) => one.messages)), bytes: Math.max(...sent.map((one) => one.bytes)) };
}

/** Seconds of an allReduce on equal links, on virtual time. */
export function equalLinks(
  algorithm: MessageAlgorithm,
  n: number,
  bytes: number,
  alpha: number,
  bandwidth: number,
): number {
  return runVirtual(uniformNetwork(n, alpha, 1 / bandwidth), algorithm, Math.round(bytes / 4)).seconds;
}

/** An algorithm laid on a described machine. */
export function on(
  machine: MachineName,
  nodes: number,
  algorithm: MessageAlgorithm,
  bytes: number,
): ReturnType<typeof layOn> {
  return layOn(describedMachine(machine, nodes), algorithm, bytes);
}

export { parts };

/** Algorithms of an allReduce that are made of messages. */
export const algorithms = Object.keys(allReduceCosts) as MessageAlgorithm[];

/** What rank 0 shows as `value`. @param body of main, which is handed world, device and show. */
export async function shownBy(ranks: number, body: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "worldsize-claims-"));
  const file = join(folder, "claim.ts");
  const head = 'import { defineScript } from "worldsize";\n';
  writeFileSync(
    file,
    `${head}export default defineScript({ about: "", async main({ world, device, show }) { ${body} } });\n`,
  );
  try {
    const values: number[] = [];
    const program = await compileProgram(file);
    const onShown = (rank: number, what: Shown): void => {
      if (rank === 0 && what.kind === "row") values.push(Number(what.row.value));
    };
    const result = await runJob({ program, ranks, transport: "local", onShown });
    if (!result.ok) throw new Error(result.failure.message);
    return values[0];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lines of a file. */
export function linesOf(file: string): number {
  return readFileSync(file, "utf8").trimEnd().split("\n").length;
}
