/**
 * One training that goes on under another layout, on another number of ranks, again and again: against one rank that never
 * stopped. Weights, moments and the place in the data come from the checkpoint, and steps after it are taken once more.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseLayout, ranksOf } from "../../src/parallel/index.ts";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

const root = mkdtempSync(join(tmpdir(), "elastic-"));
afterAll(() => rmSync(root, { recursive: true }));

interface Step {
  readonly epoch: number;
  readonly loss: number;
  /** That all ranks together have taken. */
  readonly samples: readonly number[];
}

/** @returns what each step came to. */
async function train(
  layout: string,
  transport: "local" | "shm" | "tcp",
  options: Record<string, string | number>,
): Promise<Map<number, Step>> {
  const { failure, shown } = await runProgram("test/programs/elastic.ts", {
    ...{ ranks: ranksOf(parseLayout(layout)), transport, options: { layout, ...options } },
  });
  expect(failure?.message).toBe(undefined);
  const steps = new Map<number, Step>();
  for (const { shown: what } of shown) {
    if (what.kind !== "row") continue;
    const { step, epoch, loss, samples } = what.row as { step: number; epoch: number; loss: number; samples: string };
    const before = steps.get(step) ?? { epoch, loss, samples: [] };
    expect([before.epoch, before.loss]).toEqual([epoch, loss]); // the same on every rank
    const own = samples.split(",").filter(Boolean).map(Number);
    steps.set(step, { ...before, samples: [...before.samples, ...own].sort((a, b) => a - b) });
  }
  return steps;
}

/** Weights of an exported model, by name. */
function weightsOf(folder: string): Map<string, Float32Array> {
  const found = new Map<string, Float32Array>();
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".safetensors"))) {
    const bytes = readFileSync(join(folder, name));
    const begin = 8 + Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString("utf8", 8, begin)) as Record<string, { data_offsets?: number[] }>;
    for (const [tensor, { data_offsets: places }] of Object.entries(header)) {
      if (places)
        found.set(tensor, new Float32Array(bytes.buffer.slice(...places.map((at) => bytes.byteOffset + begin + at))));
    }
  }
  return found;
}

/** The largest difference, in parts of the largest entry. */
function differenceOf(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  let [off, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    off = Math.max(off, Math.abs(a[i] - b[i]));
    size = Math.max(size, Math.abs(b[i]));
  }
  return off / size;
}

type Legs = readonly (readonly [layout: string, transport: "local" | "shm" | "tcp"])[];

/**
 * Trains under one layout after the other, two steps each that are saved and one that is lost, beside one rank that never stops.
 * Both take the same samples.
 * @returns the largest differences, in parts of a loss, and of a parameter's largest entry.
 */
async function relay(name: string, legs: Legs, more: Record<string, string | number>) {
  const folder = join(root, name);
  const total = 2 * legs.length;
  const [whole, out] = [`${folder} whole`, `${folder} out`];
  const alone = await train("dp1", "local", { ...more, folder: `${folder} alone`, steps: total, out: whole });
  expect([...alone.keys()]).toEqual(Array.from({ length: total }, (_, step) => step));
  let lossOff = 0;
  for (const [i, [layout, transport]] of legs.entries()) {
    const saved = 2 * (i + 1);
    const end: Record<string, string | number> = saved === total ? { steps: saved, out } : { steps: saved + 1 };
    const found = await train(layout, transport, { ...more, ...end, folder, saved });
    expect([...found.keys()]).toEqual([saved - 2, saved - 1, ...(saved === total ? [] : [saved])]);
    for (const [step, { loss, ...taken }] of found) {
      const { loss: wanted, ...right } = alone.get(step) as Step;
      expect({ layout, step, ...taken }).toEqual({ layout, step, ...right });
      lossOff = Math.max(lossOff, Math.abs(loss - wanted) / wanted);
    }
  }
  const [ours, right] = [weightsOf(out), weightsOf(whole)];
  expect([...ours.keys()].sort()).toEqual([...right.keys()].sort());
  let weightsOff = 0;
  for (const [tensor, values] of right) {
    weightsOff = Math.max(weightsOff, differenceOf(ours.get(tensor) as Float32Array, values));
  }
  return { lossOff, weightsOff, alone };
}

const all: Legs = cases(
  [
    ["dp4", "local"],
    ["dp3+fsdp", "shm"],
    ["pp2", "local"],
    ["tp2+sp", "local"],
    ["dp3+zero1", "local"],
    ["pp2.dp2+interleaved+fsdp", "local"],
    ["copies2.dp2+fsdp", "local"],
    ["dp5", "tcp"],
    ["pp2.tp2+zb-h1+sp", "shm"],
    ["cp2+recompute", "local"],
    ["pp2+zb-v", "tcp"],
    ["tp4+overlap", "local"],
    ["dp1", "local"],
  ],
  ...[0, 1, 2, 3, 5, 8, 9, 12],
);

describe("one training under one layout after the other", { timeout: 240_000 }, () => {
  it.each(cases([0, 1], 1))("ends where one rank does, gradients clipped to %i (0: not)", async (most) => {
    const { lossOff, weightsOff, alone } = await relay(`clipped ${most}`, all, { most });
    // Losses and weights are f32 sums in another order, over all steps.
    expect(lossOff).toBeLessThan(5e-7);
    expect(weightsOff).toBeLessThan(5e-6);
    // Two epochs were begun, and the first one took every sample once.
    const first = [...alone.values()].filter(({ epoch }) => epoch === 0).flatMap(({ samples }) => samples);
    expect(first.sort((a, b) => a - b)).toEqual([...Array(17).keys()]);
    expect([...alone.values()].some(({ epoch }) => epoch === 1)).toBe(true);
  });

  it("ends at the same bits, where no sum is in another order", async () => {
    const pipelines: Legs = [
      ["pp2", "local"],
      ["dp1", "local"],
      ["pp4+zb-h1", "local"],
      ["pp3", "shm"],
      ["pp2+interleaved", "local"],
      ["dp1+recompute", "local"],
      ["pp2+zb-v", "local"],
    ];
    const { lossOff, weightsOff } = await relay("bits", pipelines, { tied: "no", micro: 3 });
    expect({ lossOff, weightsOff }).toEqual({ lossOff: 0, weightsOff: 0 });
  });
});
