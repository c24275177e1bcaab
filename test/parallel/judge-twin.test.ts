/** The judge's own twin against others: gradients of the float64 twin of autograd, and slopes by finite differences. */
import { afterAll, expect, it } from "vitest";
import { type ParameterForm, parameterForms } from "../../src/models/files/names.ts";
import { readConfig } from "../../src/models/index.ts";
import { twinGradients, type WholeWeights } from "../../src/parallel/index.ts";
import { configs } from "../helpers/configs.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { batchOf, countOf, forms, makeModel, uniform } from "../helpers/judged.ts";
import { type HfConfig, randomWeights, type Weights } from "../helpers/reference-weights.ts";
import { leaves, twinLogits } from "../helpers/twin-decoder.ts";
import * as net from "../helpers/twin-network.ts";

afterAll(closeDevices);

/** A parameter's numbers, out of a checkpoint's tensor. */
function take(weights: Weights, { shape, stored }: ParameterForm): Float64Array {
  const { data } = weights[stored.name];
  const cols = stored.shape.at(-1) as number;
  const first = stored.third === undefined ? 0 : (stored.third * cols) / 3;
  const into = shape.length === 1 ? shape[0] : shape[1];
  return Float64Array.from({ length: into * (shape.length === 1 ? 1 : shape[0]) }, (_, i) =>
    stored.transposed ? data[(i % into) * cols + first + Math.floor(i / into)] : data[first + i],
  );
}

const { mixtral, ...dense } = configs;
const read = (hf: HfConfig) => readConfig(JSON.stringify({ max_position_embeddings: 16, ...hf }));

it.each(Object.entries(dense) as [string, HfConfig][])("agrees with the twin of autograd: %s", (_, hf) => {
  const config = read(hf);
  const stored = randomWeights(hf, 21);
  const named = [...parameterForms(config)];
  const weights: WholeWeights = Object.fromEntries(
    named.map((form) => [form.name, { shape: form.shape, data: take(stored, form) }]),
  );
  const batch = batchOf(5, [5, 1, 4], config.vocabularySize, true);
  const [counted, shares] = [countOf(batch), batch.weights ?? []];
  const { loss, gradients } = twinGradients(config, weights, batch, counted);

  const twin = leaves(stored);
  let total = 0;
  for (const [s, from] of batch.starts.slice(0, -1).entries()) {
    const [tokens, targets] = [batch.tokens, batch.targets].map((list) => list.slice(from, batch.starts[s + 1]));
    const { each } = net.crossEntropy(twinLogits(hf, twin, tokens), targets);
    const factors = shares.slice(from, batch.starts[s + 1]).filter((_, i) => targets[i] !== -100);
    if (factors.length === 0) continue;
    const sum = each.mul(net.constant([factors.length], ([i]) => factors[i] / counted)).sum();
    sum.backward();
    total += sum.data.data[0];
  }
  expect(loss.value[0]).toBeCloseTo(total, 12);
  const slopes: Weights = Object.fromEntries(
    Object.entries(twin).map(([name, { shape, grad }]) => [name, { shape, data: grad?.data ?? [] }]),
  );
  expect(Object.keys(gradients)).toEqual(expect.arrayContaining(named.map(({ name }) => name)));
  for (const form of named) {
    const wanted = take(slopes, form);
    const size = Math.max(...wanted.map(Math.abs));
    const apart = gradients[form.name].value.map((g, i) => Math.abs(g - wanted[i]));
    expect(apart.length).toBe(wanted.length);
    expect(Math.max(...apart), form.name).toBeLessThan(1e-10 * Math.max(1, size));
  }
});

it.each(Object.entries(forms))("its gradients are slopes of its loss: %s", async (_, form) => {
  const config = { ...form, initializerRange: 0.2, vocabularySize: 12, width: 8, ffnWidth: 6, headDim: 2 };
  const { model, weights } = await makeModel(await makeTensorDevice(), config, 6);
  model.dispose();
  const batch = batchOf(6, [5, 3], config.vocabularySize, true);
  const { gradients } = twinGradients(config, weights, batch, 3);
  const draw = uniform(9);
  for (const [name, { shape, data }] of Object.entries(weights)) {
    // Along one direction of all numbers at once.
    const way = Float64Array.from(data, () => draw() - 0.5);
    const lossAt = (step: number): number => {
      const moved = Float64Array.from(data, (x, i) => x + step * way[i]);
      return twinGradients(config, { ...weights, [name]: { shape, data: moved } }, batch, 3).loss.value[0];
    };
    const step = 1e-4;
    // Of the fourth order, so that what is left is below 1e-10.
    const slope = (8 * (lossAt(step) - lossAt(-step)) - (lossAt(2 * step) - lossAt(-2 * step))) / (12 * step);
    const wanted = gradients[name].value.reduce((total, g, i) => total + g * way[i], 0);
    expect(Math.abs(slope - wanted), name).toBeLessThan(1e-9);
  }
});

it("what does not fit is refused before anything is computed", async () => {
  const config = forms.llama;
  const { model, weights } = await makeModel(await makeTensorDevice(), config, 1);
  model.dispose();
  const batch = batchOf(1, [4, 4], config.vocabularySize);
  const run = (more: Partial<typeof batch>) => () => twinGradients(config, weights, { ...batch, ...more }, 8);
  expect(run({ positions: [0, 1] })).toThrow("8 tokens have 2 positions: there is one for each.");
  expect(run({ starts: [0, 4] })).toThrow("starts go up from 0 to all 8 tokens, but are [0,4].");
  expect(run({ starts: [0, 6, 4, 8] })).toThrow("starts go up from 0 to all 8 tokens, but are [0,6,4,8].");
  expect(run({ tokens: batch.tokens.with(2, 60) })).toThrow(
    /Token 2 is 60 and its target \S+, in a vocabulary of 60\./,
  );
  expect(run({ targets: batch.targets.with(3, -1) })).toThrow(
    /Token 3 is \d+ and its target -1, in a vocabulary of 60\./,
  );
  expect(run({ positions: batch.positions.with(1, 64) })).toThrow("Token 1 is at position 64, but there are 64.");
  expect(() => twinGradients(config, weights, batch, 0)).toThrow("at least 1, but it is 0");
  const dropping = { ...read(mixtral), mixture: { capacity: 1 } };
  expect(() => twinGradients(dropping, weights, batch, 8)).toThrow("The twin's mixtures drop nothing");
  const { "norm.weight": _, ...less } = weights;
  expect(() => twinGradients(config, less, batch, 8)).toThrow("The twin needs norm.weight, but the weights have embed");
  const more = { ...weights, "norm.bias": weights["norm.weight"] };
  expect(() => twinGradients(config, more, batch, 8)).toThrow("A llama of this form has no norm.bias.");
  const cut = { ...weights, "norm.weight": { shape: [16], data: new Float32Array(16) } };
  expect(() => twinGradients(config, cut, batch, 8)).toThrow(
    "norm.weight is [16] of 16 numbers, but this form has [1, 32].",
  );
});
