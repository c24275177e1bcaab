/** The decoder on a device against the float64 ones: logits and gradients of every family, from one set of weights. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Decoder, type DecoderConfig } from "../../src/models/index.ts";
import { crossEntropy } from "../../src/nn/index.ts";
import type { Tensor, TensorDevice } from "../../src/tensor/index.ts";
import { configs } from "../helpers/configs.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { agree } from "../helpers/fixtures.ts";
import { referenceLogits } from "../helpers/reference-decoder.ts";
import { type HfConfig, randomWeights, sizesOf, type Weights } from "../helpers/reference-weights.ts";
import { leaves, twinLogits } from "../helpers/twin-decoder.ts";
import * as net from "../helpers/twin-network.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(0);
});

/** Two texts, one after the other. */
const texts = [
  [3, 1, 4, 1, 5],
  [9, 2, 6],
];
const tokens = texts.flat();
const targets = [1, 4, -100, 5, 9, 2, 6, 0];

function formOf(config: HfConfig): DecoderConfig {
  const { width, heads, kvHeads, dim, inner, layers } = sizesOf(config);
  const { model_type: family, rope_scaling: scaling } = config;
  const isGpt2 = family === "gpt2";
  const biased = isGpt2 || family === "qwen2" || config.attention_bias === true;
  return {
    family,
    vocabularySize: config.vocab_size,
    width,
    layers,
    heads,
    kvHeads,
    headDim: dim,
    ffnWidth: inner,
    activation: isGpt2 ? "gelu_tanh" : "silu",
    norm: isGpt2 ? "layer" : "rms",
    normEps: (isGpt2 ? config.layer_norm_epsilon : config.rms_norm_eps) ?? Number.NaN,
    positions: isGpt2 ? "learned" : "rope",
    ropeTheta: config.rope_theta ?? 10_000,
    ropeScaling: scaling
      ? {
          type: "llama3",
          factor: scaling.factor ?? Number.NaN,
          lowFreqFactor: scaling.low_freq_factor ?? Number.NaN,
          highFreqFactor: scaling.high_freq_factor ?? Number.NaN,
          originalMaxPositions: scaling.original_max_position_embeddings ?? Number.NaN,
        }
      : undefined,
    maxPositions: 16,
    tied: config.tie_word_embeddings ?? isGpt2,
    attentionBias: biased,
    outputBias: biased && family !== "qwen2",
    mlpBias: isGpt2 || config.mlp_bias === true,
    qkNorm: family === "qwen3",
    experts: config.num_local_experts ?? 0,
    expertsPerToken: config.num_experts_per_tok ?? 0,
    normalizeTopK: true,
    initializerRange: 0.02,
  };
}

/** Where a parameter's values lie in a checkpoint; GPT-2 has q, k and v side by side, and [in, out]. */
function placeOf(name: string, { model_type: family }: HfConfig): { name: string; part?: number } {
  const [, layer, rest] = /^layers\.(\d+)\.(.*)$/.exec(name) ?? [];
  if (family === "gpt2") {
    const outer: Record<string, string> = {
      "embed.weight": "wte.weight",
      "positions.weight": "wpe.weight",
      "norm.weight": "ln_f.weight",
      "norm.bias": "ln_f.bias",
    };
    if (!layer) return { name: `transformer.${outer[name]}` };
    const part = ["q", "k", "v"].findIndex((each) => rest.startsWith(`attention.${each}.`));
    const own = rest
      .replace(/^attention\.[qkv]\./, "attn.c_attn.")
      .replace("attention.o.", "attn.c_proj.")
      .replace("attentionNorm.", "ln_1.")
      .replace("mlpNorm.", "ln_2.")
      .replace("mlp.up.", "mlp.c_fc.")
      .replace("mlp.down.", "mlp.c_proj.");
    return { name: `transformer.h.${layer}.${own}`, part: part < 0 ? undefined : part };
  }
  if (!layer)
    return {
      name: name
        .replace(/^embed\./, "model.embed_tokens.")
        .replace(/^norm\./, "model.norm.")
        .replace(/^head\./, "lm_head."),
    };
  const own = rest
    .replace(/^attention\.([qkvo])\./, "self_attn.$1_proj.")
    .replace(/^attention\.([qk])Norm\./, "self_attn.$1_norm.")
    .replace("attentionNorm.", "input_layernorm.")
    .replace("mlpNorm.", "post_attention_layernorm.")
    .replace(/^mlp\.(gate|up|down)\./, "mlp.$1_proj.")
    .replace("mlp.router.", "block_sparse_moe.gate.")
    .replace(/^mlp\.experts\.(\d+)\./, "block_sparse_moe.experts.$1.")
    .replace(
      /(experts\.\d+\.)(gate|down|up)\./,
      (_, path, kind) => `${path}${{ gate: "w1", down: "w2", up: "w3" }[kind as "up"]}.`,
    );
  return { name: `model.layers.${layer}.${own}` };
}

/** A parameter's numbers, out of a checkpoint's tensor. */
function take(weights: Weights, parameter: string, config: HfConfig): number[] {
  const { name, part } = placeOf(parameter, config);
  const stored = weights[name];
  if (!stored) throw new Error(`${parameter} would be ${name}, which is not there`);
  const { shape, data } = stored;
  const all = Array.from(data);
  const isConv = config.model_type === "gpt2" && /\.(c_attn|c_proj|c_fc)\./.test(name);
  if (!isConv) return all;
  const cols = shape[shape.length - 1];
  const [from, to] = part === undefined ? [0, cols] : [(part * cols) / 3, ((part + 1) * cols) / 3];
  if (shape.length === 1) return all.slice(from, to);
  return Array.from({ length: to - from }, (_, out) =>
    Array.from({ length: shape[0] }, (_, into) => all[into * cols + from + out]),
  ).flat();
}

describe("a decoder agrees with the float64 ones", () => {
  const families = Object.entries(configs) as [string, HfConfig][];
  it.each(families)("%s", async (_, config) => {
    const weights = randomWeights(config, 21);
    const model = new Decoder(device, formOf(config));
    const parameters = [...model.namedParameters()];
    device.noGrad(() => {
      for (const [name, parameter] of parameters)
        parameter.copy_(device.from(take(weights, name, config), parameter.shape));
    });
    const batch = {
      tokens: device.tensor(tokens, "i32"),
      starts: device.tensor([0, 5, 8], "i32"),
      positions: device.tensor(
        texts.flatMap((text) => [...text.keys()]),
        "i32",
      ),
    };
    const logits = model.call(batch);
    const wanted = texts.flatMap((text) => referenceLogits(config, weights, text).flatMap((row) => [...row]));
    agree("the logits", await logits.data(), wanted, 1e-5, 1);

    const { sum } = crossEntropy(logits, device.tensor(targets, "i32"));
    sum.backward();
    const twin = leaves(weights);
    const parts = [targets.slice(0, 5), targets.slice(5)];
    for (const [i, text] of texts.entries()) net.crossEntropy(twinLogits(config, twin, text), parts[i]).sum.backward();
    const gradients = Object.fromEntries(
      Object.entries(twin).map(([name, value]) => [name, { shape: value.shape, data: value.grad?.data ?? [] }]),
    );
    const seen = new Set<string>();
    for (const [name, parameter] of parameters) {
      seen.add(placeOf(name, config).name);
      agree(`the gradient of ${name}`, await (parameter.grad as Tensor).data(), take(gradients, name, config), 2e-5, 1);
    }
    expect(seen).toEqual(new Set(Object.keys(weights)));
    model.dispose();
  });
});
