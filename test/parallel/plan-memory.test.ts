/** Planned memory against the tables and formulas of papers, and what follows from them. */
import { afterAll, describe, expect, it } from "vitest";
import { Decoder, gpt2Shape, llamaShape } from "../../src/models/index.ts";
import {
  blockActivations,
  gptModel,
  memoryOf,
  memoryOfRank,
  modelOf,
  type PlannedModel,
  parameterCount,
  parsePlannedLayout,
  precisions,
  runOf,
  stageParameters,
  stateBytes,
} from "../../src/parallel/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);

const within = (found: number, expected: number, share: number): void =>
  expect({ found, off: Math.abs(found / expected - 1) <= share }).toEqual({ found, off: true });

// Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", 2020 (arXiv 1910.02054v3), Table 1:
// GB per device by ranks of data parallelism, for stages 1, 2, 3 of 7.5B, 128B and 1T parameters.
const zero = [
  [1, [120, 120, 120], [2048, 2048, 2048], [16000, 16000, 16000]],
  [4, [52.5, 41.3, 30], [896, 704, 512], [7000, 5500, 4000]],
  [16, [35.6, 21.6, 7.5], [608, 368, 128], [4750, 2875, 1000]],
  [64, [31.4, 16.6, 1.88], [536, 284, 32], [4187, 2218, 250]],
  [256, [30.4, 15.4, 0.47], [518, 263, 8], [4046, 2054, 62.5]],
  [1024, [30.1, 15.1, 0.12], [513, 257, 2], [4011, 2013, 15.6]],
] as const;

describe("ZeRO's Table 1", () => {
  it.each(zero)("%i ranks", (dp, ...models) => {
    for (const [i, billions] of [7.5, 128, 1000].entries()) {
      for (const [stage, data] of ["zero1", "zero2", "fsdp"].entries()) {
        const own = { block: billions * 1e9, experts: 0, blocks: 1, rest: 0 };
        const { parameters, gradients, optimizer } = stateBytes(
          own,
          parsePlannedLayout(`dp${dp}+${data}`),
          precisions.mixed,
        );
        within((parameters + gradients + optimizer) / 1e9, models[i][stage], 0.05);
      }
    }
  });
});

// Korthikanti et al., "Reducing Activation Recomputation in Large Transformer Models", 2022 (arXiv 2205.05198), Table 3.
const sizes = {
  "22B": { width: 6144, heads: 64, layers: 48, pp: 1, micro: 4, batch: 4 },
  "175B": { width: 12288, heads: 96, layers: 96, pp: 8, micro: 1, batch: 64 },
  "530B": { width: 20480, heads: 128, layers: 105, pp: 35, micro: 1, batch: 280 },
  "1T": { width: 25600, heads: 160, layers: 128, pp: 64, micro: 1, batch: 512 },
} as const;
const [sequence, vocabulary] = [2048, 51200];

describe("Korthikanti's Table 2", () => {
  it.each(Object.entries(sizes))("%s", (_, { width: h, heads: a, layers, micro: b, batch }) => {
    const model = gptModel({ width: h, heads: a, layers, vocabulary, sequence });
    const [s, t] = [sequence, 8];
    const sbh = s * b * h;
    const scores = (5 * a * s) / h;
    const of = (layout: string, recompute: "none" | "selective" | "full"): number =>
      blockActivations(
        model,
        runOf({ sequence, batch, micro: b, attention: "scores", dropout: true, recompute }),
        parsePlannedLayout(layout),
      );
    within(of("dp1", "none"), sbh * (34 + scores), 1e-9);
    within(of("tp8", "none"), sbh * (10 + 24 / t + scores / t), 1e-9);
    within(of("tp8+sp", "none"), sbh * (34 / t + scores / t), 1e-9);
    within(of("tp8", "selective"), sbh * (10 + 24 / t), 1e-9);
    within(of("tp8+sp", "selective"), sbh * (34 / t), 1e-9);
    within(of("tp8", "full"), sbh * 2, 1e-9);
  });

  // Section 5: what selective recomputation saves of GPT-3's and MT-NLG's activations, "70% and 65%". Section 6.1 and Figure 7: both
  // together leave "under 20%" (of MT-NLG 20.2 %) of the baseline of tensor parallelism.
  it.each([
    ["175B", 0.7],
    ["530B", 0.65],
  ] as const)("section 5, %s", (name, saved) => {
    const { width, heads, layers, micro, batch } = sizes[name];
    const model = gptModel({ width, heads, layers, vocabulary, sequence });
    const run = runOf({ sequence, batch, micro, attention: "scores", dropout: true });
    const all = blockActivations(model, run, parsePlannedLayout("dp1"), "none");
    within(1 - blockActivations(model, run, parsePlannedLayout("dp1"), "selective") / all, saved, 0.05);
    const baseline = blockActivations(model, run, parsePlannedLayout("tp8"), "none");
    expect(blockActivations(model, run, parsePlannedLayout("tp8+sp"), "selective") / baseline).toBeLessThan(0.205);
  });

  // Equation 5 with section 4.3: a first stage keeps p micro-batches of L/p blocks, and interleaving (1 + (p - 1)/(p m)) as much.
  it.each(Object.entries(sizes))("equation 5, %s", (name, { width: h, heads, layers, pp, micro: b, batch }) => {
    const model = gptModel({ width: h, heads, layers, vocabulary, sequence });
    const chunks = name === "175B" || name === "530B" ? 3 : 1;
    const run = runOf({
      sequence,
      batch,
      micro: b,
      attention: "scores",
      dropout: true,
      recompute: "selective",
      chunks,
    });
    const schedule = chunks > 1 ? "+interleaved" : "";
    const { activations } = memoryOfRank(
      model,
      run,
      parsePlannedLayout(`${pp > 1 ? `pp${pp}.` : ""}tp8${schedule}+sp`),
      0,
    );
    const more = chunks > 1 ? 1 + (pp - 1) / (pp * chunks) : 1;
    within(activations, (34 * sequence * b * h * layers * more) / 8, 0.05);
  });
});

// Models whose size is published: Narayanan et al. 2021, Table 1 (billions), and Llama's and Mixtral's own papers.
const llama = {
  positions: 0,
  gated: true,
  norm: "rms",
  tied: false,
  qkNorm: false,
  experts: 0,
  expertsPerToken: 0,
} as const;
const plain = { attentionBias: false, outputBias: false, mlpBias: false } as const;
const published: readonly (readonly [string, PlannedModel, number])[] = [
  ["GPT 1.7B", gptModel({ width: 2304, layers: 24, heads: 24, vocabulary, sequence }), 1.7],
  ["GPT 145.6B", gptModel({ width: 12288, layers: 80, heads: 96, vocabulary, sequence }), 145.6],
  ["GPT 1008B", gptModel({ width: 25600, layers: 128, heads: 160, vocabulary, sequence }), 1008],
  [
    "Llama 2 70B",
    {
      ...{ ...llama, ...plain, vocabulary: 32000, width: 8192, layers: 80, heads: 64, kvHeads: 8, headDim: 128 },
      ffnWidth: 28672,
    },
    68.98,
  ],
  [
    "Mixtral 8x7B",
    {
      ...{ ...llama, ...plain, vocabulary: 32000, width: 4096, layers: 32, heads: 32, kvHeads: 8, headDim: 128 },
      ...{ ffnWidth: 14336, experts: 8, expertsPerToken: 2 },
    },
    46.7,
  ],
];

it.each(published)("parameters of %s", (_, model, billions) => within(parameterCount(model) / 1e9, billions, 0.03));

it("parameters are those of a decoder, one by one", async () => {
  const device = await makeTensorDevice(1);
  const small = { vocabularySize: 50, width: 24, layers: 2, heads: 4, ffnWidth: 40, maxPositions: 16 };
  for (const config of [
    gpt2Shape(small),
    llamaShape(small),
    llamaShape({ ...small, kvHeads: 2, tied: false, qkNorm: true }),
  ]) {
    const model = new Decoder(device, config, { meta: true });
    const count = model.parameters().reduce((sum, { size }) => sum + size, 0);
    expect(parameterCount(modelOf(config))).toBe(count);
    model.dispose();
  }
});

it("stages together have all parameters, and a tied embedding twice", () => {
  for (const tied of [true, false]) {
    const model = modelOf(llamaShape({ vocabularySize: 64, width: 32, layers: 7, heads: 4, ffnWidth: 64, tied }));
    for (const pp of [1, 2, 3, 5]) {
      const layout = parsePlannedLayout(`pp${pp}`);
      const stages = Array.from({ length: pp }, (_, rank) => stageParameters(model, layout, rank));
      const all = stages.reduce((sum, { block, blocks, rest }) => sum + block * blocks + rest, 0);
      expect(all).toBe(parameterCount(model) + (tied && pp > 1 ? 64 * 32 : 0));
    }
  }
});

it("experts are shared out over ep, and their states over ranks that have the same ones", () => {
  const model = published[4][1];
  const whole = stageParameters(model, parsePlannedLayout("dp8"), 0);
  const shared = stageParameters(model, parsePlannedLayout("dp8.ep8"), 0);
  expect(shared.experts).toBe(whole.experts / 8);
  expect(shared.block).toBe(whole.block);
  const zero = (layout: string): number =>
    stateBytes({ block: 0, experts: 8e9, blocks: 1, rest: 0 }, parsePlannedLayout(layout), precisions.mixed).optimizer;
  expect(zero("dp8.ep4+zero1")).toBe((12 * 8e9) / 2);
  // With ep 1, tensor parallelism cuts each expert.
  expect(stageParameters(model, parsePlannedLayout("dp4.tp2"), 0).experts).toBe(whole.experts / 2);
});

it("zero2 shares out gradients of one micro-batch; of several, whole ones wait for the last", () => {
  const model = published[4][1];
  const gradients = (micro: number): number =>
    memoryOf(model, runOf({ sequence: 1024, batch: 8, micro }), parsePlannedLayout("dp4+zero2")).gradients;
  expect(gradients(2)).toBe((2 * parameterCount(model)) / 4);
  expect(gradients(1)).toBe(2 * parameterCount(model));
});

it("the rank that needs the most is told", () => {
  const model = published[3][1];
  const run = runOf({ sequence: 4096, batch: 64 });
  const layout = parsePlannedLayout("pp8.tp8+sp");
  const most = memoryOf(model, run, layout);
  const each = Array.from({ length: 8 }, (_, rank) => memoryOfRank(model, run, layout, rank).total);
  expect(most.total).toBe(Math.max(...each));
});
