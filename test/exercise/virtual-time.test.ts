/** Virtual time of recorded messages: formulas for known patterns, and the simulator for a whole algorithm. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { courseExercises } from "../../src/exercise/node/catalog.ts";
import { loadExercise, runOnce } from "../../src/exercise/node/checker.ts";
import { compileAnswer } from "../../src/exercise/node/compile-answer.ts";
import { virtualSeconds } from "../../src/exercise/virtual-time.ts";
import { runVirtual, uniformNetwork } from "../../src/sim/virtual.ts";
import { runProgram } from "../helpers/jobs.ts";

const link = { alpha: 20e-6, beta: 1e-9 };
const elements = 1000;
/** Seconds of one message. */
const once = link.alpha + 4 * elements * link.beta;

const formulas: Readonly<Record<string, (size: number) => number>> = {
  shift: () => once,
  chain: (size) => (size - 1) * once,
  star: (size) => (size - 1) * once,
  starAtOnce: (size) => (size - 1) * once, // the root has one way out
  bothWays: () => 2 * once,
};

describe.each(Object.keys(formulas))("%s", (pattern) => {
  it.each([1, 2, 3, 5])("%i ranks, whatever the order of turns", async (ranks) => {
    for (const interleaving of [undefined, 1, 2, 3]) {
      const job = { ranks, transport: "local", recorded: true, interleaving, options: { pattern, elements } } as const;
      const { failure, records } = await runProgram("test/programs/patterns.ts", job);
      expect(failure?.message).toBeUndefined();
      const seconds = virtualSeconds(
        records.map(({ traffic }) => traffic),
        link,
      );
      expect(seconds).toBeCloseTo(ranks === 1 ? 0 : formulas[pattern](ranks), 12);
    }
  });
});

it("the ring written by hand takes as long as the library's in the simulator", async () => {
  const course = courseExercises().find(({ number }) => number === "3.3");
  if (!course) throw new Error("3.3 is gone");
  const exercise = await loadExercise(course.file);
  const program = await compileAnswer(course.file, fileURLToPath(new URL("solution.ts", `file://${course.folder}/`)));
  for (const world of [2, 3, 5, 8]) {
    const settings = { world, transport: "local", seed: 1, interleaving: undefined, variant: 0 } as const;
    const run = await runOnce(exercise, program, settings);
    if ("message" in run) throw new Error(run.message);
    const mine = virtualSeconds(
      run.result.records.map(({ traffic }) => traffic),
      link,
    );
    const { seconds } = runVirtual(uniformNetwork(world, link.alpha, link.beta), "ring", 7 * world + 1, 4);
    expect(mine).toBeCloseTo(seconds, 12);
    const bound = exercise.bound?.(world, 0);
    const least = (bound?.inARow.messages ?? 0) * link.alpha + (bound?.inARow.bytes ?? 0) * link.beta;
    expect(mine).toBeGreaterThanOrEqual(least - 1e-15);
  }
});

it("collectives have no time of their own here", async () => {
  const job = { ranks: 2, transport: "local", recorded: true } as const;
  const { records } = await runProgram("test/programs/steps.ts", job);
  expect(
    virtualSeconds(
      records.map(({ traffic }) => traffic),
      link,
    ),
  ).toBeUndefined();
});
