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
  hopName,
  type LaidAlgorithm,
  layOn,
  type MachineName,
  type ProtocolChoice,
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
  algorithm: LaidAlgorithm,
  bytes: number,
  protocol: ProtocolChoice = "auto",
): ReturnType<typeof layOn> {
  return layOn(describedMachine(machine, nodes), algorithm, bytes, protocol);
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

/** The size in bytes from which on `b` is no slower than `a`, by bisection on virtual time. */
export function crossing(
  machine: MachineName,
  nodes: number,
  [a, b]: readonly [LaidAlgorithm, LaidAlgorithm],
  [from, to]: readonly [number, number],
  protocol: ProtocolChoice = "auto",
): number {
  const described = describedMachine(machine, nodes);
  const isAhead = (size: number): boolean => {
    const bytes = Math.round(size / 1024) * 1024; // pieces come out even
    return layOn(described, b, bytes, protocol).seconds <= layOn(described, a, bytes, protocol).seconds;
  };
  if (isAhead(from) || !isAhead(to)) throw new Error(`${a} and ${b} do not cross between ${from} and ${to} bytes`);
  let [low, high] = [from, to];
  while (high / low > 1.005) {
    const middle = Math.sqrt(low * high);
    if (isAhead(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** What waits for each other in an allReduce of `bytes` on `n` ranks: messages, and bytes per byte of tensor. */
export function pathOf(algorithm: MessageAlgorithm, n: number, bytes: number): { alphas: number; bytes: number } {
  const path = allReduceCosts[algorithm].path({ size: n, count: bytes / 4, itemBytes: 4 });
  return { alphas: path.alphas, bytes: path.bytes / bytes };
}

/** Bytes over the busiest network card. */
export function busiestCard(machine: MachineName, nodes: number, algorithm: LaidAlgorithm, bytes: number): number {
  const { loads } = layOn(describedMachine(machine, nodes), algorithm, bytes);
  return Math.max(...loads.filter(({ hop }) => /NIC/.test(hopName(hop))).map((load) => load.bytes));
}

/** The largest world size that test/world/cost.test.ts compares formulas with messages for. */
export function largestTested(): number {
  const [, size] =
    /const sizes = Array\.from\(\{ length: (\d+) \}/.exec(readFileSync("test/world/cost.test.ts", "utf8")) ?? [];
  return Number(size);
}
