/** The judge: right gradients in f32 lie within its bounds, in every form; each of many mistakes lies far outside. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Decoder, DecoderConfig } from "../../src/models/index.ts";
import { judge, type TwinGradients, twinGradients, type WholeBatch } from "../../src/parallel/index.ts";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { roundToBf16 } from "../helpers/bf16.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { batchOf, countOf, f32Gradients, forms, makeModel } from "../helpers/judged.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(0);
});

type Gradients = Record<string, Float32Array>;

/** The largest share of a bound, over all parameters. */
function worst(gradients: Gradients, twin: TwinGradients): number {
  expect(Object.keys(gradients).sort()).toEqual(Object.keys(twin.gradients).sort());
  return Math.max(...Object.entries(gradients).map(([name, g]) => judge(name, g, twin.gradients[name]).ratio));
}

const sum = (all: readonly Gradients[]): Gradients =>
  Object.fromEntries(
    Object.keys(all[0]).map((name) => [name, all[0][name].map((_, i) => all.reduce((s, g) => s + g[name][i], 0))]),
  );

/** Sequences from..to of a batch, as one rank of data parallelism reads them. */
function sequences(
  { tokens, targets, positions, starts, weights }: ReturnType<typeof batchOf>,
  from: number,
  to: number,
) {
  const cut = <T>(list: T[]): T[] => list.slice(starts[from], starts[to]);
  const own = starts.slice(from, to + 1).map((start) => start - starts[from]);
  return {
    tokens: cut(tokens),
    targets: cut(targets),
    positions: cut(positions),
    starts: own,
    weights: weights && cut(weights),
  };
}

it.each(Object.entries<DecoderConfig>(forms))("right gradients are within the bounds: %s", async (_, form) => {
  // From weights as new, where most cancels, to such that a softmax has a favourite.
  for (const [seed, initializerRange] of [0.02, 0.1, 0.3].entries()) {
    const config = { ...form, initializerRange };
    const { model, weights } = await makeModel(device, config, seed);
    const batch = batchOf(seed, [17, 1, 30, 16], config.vocabularySize, seed === 1);
    const count = countOf(batch);
    const twin = twinGradients(config, weights, batch, count);
    const whole = await f32Gradients(device, model, batch, count);
    expect(judge("loss", [whole.loss], twin.loss).ratio).toBeLessThan(0.25);
    expect(worst(whole.gradients, twin)).toBeLessThan(0.5);
    // Another order of the same sums: ranks of data parallelism with unlike numbers of tokens.
    const ranks = [];
    for (const [from, to] of [
      [0, 2],
      [2, 3],
      [3, 4],
    ])
      ranks.push((await f32Gradients(device, model, sequences(batch, from, to), count)).gradients);
    expect(worst(sum(ranks), twin)).toBeLessThan(0.5);
    model.dispose();
  }
});

/** A right run, and what it takes to do it wrongly. */
interface Scene {
  readonly model: Decoder;
  readonly batch: ReturnType<typeof batchOf>;
  /** What each of two ranks of data parallelism reads. */
  readonly parts: readonly ReturnType<typeof batchOf>[];
  readonly count: number;
  /** Gradients of each rank, and their sum. */
  readonly ranks: readonly Gradients[];
  readonly right: Gradients;
  readonly run: (batch: WholeBatch, count: number) => Promise<Gradients>;
}

const mapped = (gradients: Gradients, f: (g: number) => number): Gradients =>
  Object.fromEntries(Object.entries(gradients).map(([name, g]) => [name, g.map(f)]));

/** What people get wrong in a layout: each gives the gradients that its ranks would end up with. */
const mistakes: Readonly<Record<string, (scene: Scene) => Promise<Gradients>>> = {
  "one norm's gradient, of half of the ranks": async ({ ranks, right }) => ({
    ...right,
    "layers.1.mlpNorm.weight": ranks[0]["layers.1.mlpNorm.weight"],
  }),
  "one bias's gradient, from a rank too many": async ({ ranks, right }) => ({
    ...right,
    "layers.0.attention.o.bias": sum([right, ranks[1]])["layers.0.attention.o.bias"],
  }),
  "an average in place of a sum": async ({ right }) => mapped(right, (g) => g / 2),
  "a mean of means": async ({ run, parts }) => {
    const means = [await run(parts[0], countOf(parts[0])), await run(parts[1], countOf(parts[1]))];
    return mapped(sum(means), (g) => g / 2);
  },
  "one label, shifted wrong": ({ run, batch, count }) =>
    run({ ...batch, targets: batch.targets.with(16, (batch.targets[16] + 1) % 60) }, count),
  "one label, lost": ({ run, batch, count }) => run({ ...batch, targets: batch.targets.with(9, -100) }, count),
  "one weight of the loss, off by a hundredth": ({ run, batch, count }) =>
    run({ ...batch, weights: batch.weights?.with(9, 1.01 * batch.weights[9]) }, count),
  "positions that begin again on the next rank": ({ run, batch, count }) =>
    run({ ...batch, positions: batch.positions.map((place) => place % 10) }, count),
  "sequences that see those before them": ({ run, batch, count }) =>
    run({ ...batch, starts: [0, batch.tokens.length] }, count),
  "a row's bias, added by two ranks": ({ run, batch, count, model }) => {
    const { bias } = model.layers[0].attention.o;
    if (bias) device.noGrad(() => void bias.copy_(bias.mul(2)));
    return run(batch, count);
  },
  "gradients that travel in bf16": async ({ ranks }) => sum(ranks.map((rank) => mapped(rank, roundToBf16))),
};

it.each([0.02, 0.3])("mistakes are far beyond the bounds, weights of %s", async (initializerRange) => {
  const config = { ...forms["llama, tied, with biases"], initializerRange };
  const batch = batchOf(3, [17, 8, 22, 17], config.vocabularySize, true);
  batch.targets[16] = 7;
  batch.targets[9] = 8;
  const parts = [sequences(batch, 0, 2), sequences(batch, 2, 4)];
  const count = countOf(batch);
  for (const [mistake, make] of Object.entries(mistakes)) {
    const { model, weights } = await makeModel(device, config, 3);
    const twin = twinGradients(config, weights, batch, count);
    const run = async (read: WholeBatch, by: number) => (await f32Gradients(device, model, read, by)).gradients;
    const ranks = [await run(parts[0], count), await run(parts[1], count)];
    const right = sum(ranks);
    expect(worst(right, twin)).toBeLessThan(0.5);
    const factor = worst(await make({ model, batch, parts, count, ranks, right, run }), twin);
    expect(factor, mistake).toBeGreaterThan(20);
    model.dispose();
  }
});

it("a tied embedding's gradient is that of its lookups and that of the head", async () => {
  const config = { ...forms.llama, tied: true, initializerRange: 0.1 };
  const { model, weights } = await makeModel(device, config, 4);
  const batch = batchOf(4, [20, 12], config.vocabularySize);
  const count = countOf(batch);
  const tied = twinGradients(config, weights, batch, count).gradients["embed.weight"];
  // The same model, whose head only begins as its embedding.
  const apart = { ...weights, "head.weight": weights["embed.weight"] };
  const { gradients } = twinGradients({ ...config, tied: false }, apart, batch, count);
  const [lookups, head] = ["embed.weight", "head.weight"].map((name) => gradients[name].value);
  expect(
    judge(
      "both",
      lookups.map((g, i) => g + head[i]),
      tied,
    ).ratio,
  ).toBeLessThan(1e-6);
  expect(judge("lookups", lookups, tied).ratio).toBeGreaterThan(1000);
  expect(judge("head", head, tied).ratio).toBeGreaterThan(1000);
  model.dispose();
});

it("a verdict is about each number and its own bound", () => {
  const twin = { value: Float64Array.of(1, 2, 3, 4, 5, 6), magnitude: Float64Array.of(1, 1, 1, 2, 2, 0) };
  const unit = 2 ** -24;
  const verdict = judge("w", [1, 2 + 3 * unit, 3, 4 - 4 * unit, 5, 6], twin, { k: 2 });
  expect(verdict).toEqual({ name: "w", difference: 4 * unit, bound: 4 * unit, ratio: 1.5, index: 1, exceeded: true });
  expect(judge("w", twin.value, twin, { k: 2 })).toMatchObject({
    difference: 0,
    bound: 2 * unit,
    ratio: 0,
    exceeded: false,
  });
  // What is no number is as far away as can be, and a number without rounding must be met.
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, 6.001])
    expect(judge("w", twin.value.with(5, wrong), twin)).toMatchObject({
      ratio: Number.POSITIVE_INFINITY,
      index: 5,
      exceeded: true,
    });
  // A rank's box of [2, 3]: the last two columns.
  const parameter = { shape: [2, 2], part: { shape: [2, 3], from: [0, 1] } };
  expect(judge("w", [2, 3, 5, 6], twin, { parameter }).ratio).toBe(0);
  expect(judge("w", [2, 3, 5.5, 6], twin, { parameter })).toMatchObject({ index: 2, exceeded: true });
});

it("what does not fit is refused", () => {
  const twin = { value: new Float64Array(6), magnitude: new Float64Array(6) };
  expect(() => judge("w", [1, 2], twin)).toThrow(
    "The gradient of w has 2 numbers, but its twin has 6. Of a part, give its parameter.",
  );
  expect(() => judge("w", [1, 2], undefined)).toThrow("The twin has no gradient of w. Is it of the same form?");
  for (const [shape, from] of [
    [
      [2, 2],
      [0, 2],
    ],
    [
      [2, 2],
      [-1, 0],
    ],
  ])
    expect(() => judge("w", [1, 2, 3, 4], twin, { parameter: { shape, part: { shape: [2, 3], from } } })).toThrow(
      `w has 6 numbers: no box [2,2] lies at [${from}] of [2,3].`,
    );
});
