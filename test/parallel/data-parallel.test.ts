/** Data-parallel strategies against one rank on everything: gradients and weights, parameter by parameter, after each step. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { inWorld, type World, worlds } from "../helpers/worlds.ts";

/** Differences from one rank, in parts of a parameter's largest entry: f32 sums in another order. */
const [GRADIENTS, WEIGHTS] = [2e-6, 1e-5];

type Options = Readonly<Record<string, string | number>>;

async function compare(
  [ranks, transport, streams]: World,
  options: Options,
  [gradientBound, weightBound]: readonly number[] = [GRADIENTS, WEIGHTS],
): Promise<void> {
  const { failure, shown } = await runProgram("test/programs/data-parallel.ts", { ranks, transport, streams, options });
  expect(failure?.message).toBe(undefined);
  let rows = 0;
  for (const { shown: what } of shown) {
    if (what.kind !== "row") continue;
    const { gradients, weights, which } = what.row as { gradients: number; weights: number; which: string };
    rows++;
    expect([which, gradients < gradientBound, weights < weightBound]).toEqual([which, true, true]);
    if (ranks === 1) expect([gradients, weights]).toEqual([0, 0]);
  }
  expect(rows).toBe(Number(options.steps ?? 2) * ranks);
}

const all = worlds("1 shm, 2 shm threaded, 5 local, 3 tcp", "3 shm, 2 tcp threaded");
const [few, fewThreaded, three, threeShared] = worlds("2 shm, 2 shm threaded, 3 local, 3 shm");
const strategies = ["ddp", "zero1", "zero2", "fsdp"] as const;

describe.each(strategies)("%s equals one rank", { timeout: 60_000 }, (strategy) => {
  it.each(all)(inWorld, (...world) => compare(world, { strategy }));

  it("over three micro-batches, reduced once", () => compare(three, { strategy, micro: 3 }));

  it("with a rank that has no samples", () => compare(threeShared, { strategy, sequences: 2 }));
});

describe("gradients that are reduced after each micro-batch", { timeout: 60_000 }, () => {
  it.each(["zero2", "fsdp"])("%s", (strategy) => compare(threeShared, { strategy, micro: 3, sync: "each" }));
});

describe("shards with replicas (HSDP)", { timeout: 60_000 }, () => {
  const even = worlds("2 local, 4 shm, 6 local");
  it.each(even)(inWorld, (...world) => compare(world, { strategy: "hsdp", micro: 2 }));
});

describe("half formats", { timeout: 60_000 }, () => {
  it.each(["ddp", "zero2", "fsdp"])(
    "parameters of bf16 with masters, gradients summed in f32, %s",
    async (strategy) => {
      await compare(few, { strategy, dtype: "bf16", micro: 2 });
    },
  );

  it.each(["zero1", "fsdp"])("gathered in bf16, over masters of f32, %s", async (strategy) => {
    // The same gradients as of a model of bf16; the weights are its masters, which it rounds.
    await compare(three, { strategy, gathered: "bf16" }, [GRADIENTS, 2 ** -7]);
  });

  it("reduced in bf16", async () => {
    const options = { strategy: "fsdp", gathered: "bf16", reduced: "bf16", micro: 2, steps: 1 };
    await compare(fewThreaded, options, [2 ** -6, 0.1]);
  });
});
