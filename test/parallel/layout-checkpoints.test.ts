/** Checkpoints of composed layouts, tensor parallel ones among them, loaded by other layouts, and exported from each. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { exportCheckpoint } from "../../src/parallel/node/export.ts";
import { runProgram } from "../helpers/jobs.ts";

const root = mkdtempSync(join(tmpdir(), "layout-checkpoints-"));
afterAll(() => rmSync(root, { recursive: true }));

interface Step {
  readonly loss: number;
  readonly norm: number;
}

/** @returns what each step came to, the same on all ranks. */
async function train(
  layout: string,
  ranks: number,
  options: Record<string, string | number | boolean>,
): Promise<Step[]> {
  const { failure, shown } = await runProgram("test/programs/layout-checkpoints.ts", {
    ranks,
    transport: "shm",
    options: { layout, ...options },
  });
  expect(failure?.message).toBe(undefined);
  const steps: Step[] = [];
  for (const { shown: what } of shown) {
    if (what.kind !== "row") continue;
    const { step, loss, norm } = what.row as unknown as Step & { step: number };
    expect(steps[step] ?? { loss, norm }).toEqual({ loss, norm });
    steps[step] = { loss, norm };
  }
  return steps;
}

/** All files of a folder, by name. */
function contentsOf(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "latin1")]));
}

const layouts: readonly (readonly [layout: string, ranks: number])[] = [
  ["dp1", 1],
  ["tp2+sp", 2],
  ["dp3+fsdp", 3],
  ["tp4", 4],
  ["dp2.tp2+fsdp", 4],
  ["dp2.cp2+zero1", 4],
  ["pp2", 2],
  ["pp2.dp2+fsdp", 4],
];

it.each([
  ["dp2.tp2+fsdp", 4],
  ["tp4", 4],
  ["pp2.tp2+zb-h1+sp", 4],
])("what %s has saved is loaded by all others, bit for bit", { timeout: 120_000 }, async (layout, ranks) => {
  const folder = join(root, `from ${layout}`);
  const first = await train(layout, ranks, { folder, steps: 2 });
  const exported = join(root, `out of ${layout}`);
  await exportCheckpoint(join(folder, "step-00000002"), exported);
  const expected = contentsOf(exported);
  for (const [other, size] of layouts) {
    const out = join(root, `${layout} as ${other}`);
    await train(other, size, { folder, steps: 2, out });
    expect(contentsOf(out)).toEqual(expected);
  }
  // And goes on with the losses of one run, up to sums in another order.
  const whole = await train("dp1", 1, { folder: join(root, `whole beside ${layout}`), steps: 4 });
  const tail = await train("tp2+sp", 2, { folder, steps: 4 });
  // The norm counts every gradient once, wherever it is cut, tied or copied.
  for (const [step, { loss, norm }] of whole.entries()) {
    const other = step < 2 ? first[step] : tail[step];
    expect(other.loss).toBeCloseTo(loss, 4);
    expect(other.norm / norm).toBeCloseTo(1, 4);
  }
});

it("experts on their ranks are saved and loaded by all others, bit for bit", { timeout: 120_000 }, async () => {
  const [folder, experts] = [join(root, "from experts"), true];
  const first = await train("dp2.ep2.tp2", 4, { folder, steps: 2, experts });
  const exported = join(root, "out of experts");
  await exportCheckpoint(join(folder, "step-00000002"), exported);
  const expected = contentsOf(exported);
  for (const [other, size] of [
    ["dp1", 1],
    ["dp4.ep4", 4],
    ["dp2.tp2+fsdp", 4],
    ["pp2.dp2.ep2", 4],
  ] as const) {
    const out = join(root, `experts as ${other}`);
    await train(other, size, { folder, steps: 2, out, experts });
    expect(contentsOf(out), other).toEqual(expected);
  }
  const whole = await train("dp1", 1, { folder: join(root, "whole beside experts"), steps: 4, experts });
  const tail = await train("pp2.dp2.ep2", 4, { folder, steps: 4, experts });
  for (const [step, { loss, norm }] of whole.entries()) {
    const other = step < 2 ? first[step] : tail[step];
    expect(other.loss).toBeCloseTo(loss, 4);
    expect(other.norm / norm).toBeCloseTo(1, 4);
  }
});
