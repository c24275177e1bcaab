import { describe, expect, it } from "vitest";
import { readConfig, writeConfig } from "../../src/models/files/config.ts";
import type { DecoderConfig } from "../../src/models/index.ts";
import { configs } from "../helpers/configs.ts";

const full = Object.fromEntries(
  Object.entries(configs).map(([name, config]) => [name, { max_position_embeddings: 64, ...config }]),
) as unknown as Record<keyof typeof configs, Record<string, unknown>>;
const read = (object: unknown) => readConfig(JSON.stringify(object));

describe("reads what it writes", () => {
  it.each(Object.entries(full))("%s", (_, object) => {
    const config = read(object);
    expect(read(JSON.parse(writeConfig(config)))).toEqual(config);
  });
});

it("reads every field of a Llama 3", () => {
  expect(read({ ...full.llama3, initializer_range: 0.1 })).toEqual({
    family: "llama",
    vocabularySize: 11,
    width: 16,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    headDim: 6,
    ffnWidth: 12,
    activation: "silu",
    norm: "rms",
    normEps: 1e-5,
    positions: "rope",
    ropeTheta: 100,
    ropeScaling: { type: "llama3", factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 40 },
    maxPositions: 64,
    tied: true,
    attentionBias: false,
    outputBias: false,
    mlpBias: false,
    qkNorm: false,
    experts: 0,
    expertsPerToken: 0,
    normalizeTopK: false,
    initializerRange: 0.1,
  } satisfies DecoderConfig);
});

const without = (object: Record<string, unknown>, ...keys: string[]) =>
  read(Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key))));

it("has the library's defaults where a file says nothing", () => {
  const theta = (name: keyof typeof configs) => without(full[name], "rope_theta", "rope_scaling").ropeTheta;
  expect([theta("llama"), theta("qwen2"), theta("qwen3"), theta("mixtral")]).toEqual([1e4, 1e4, 1e4, 1e6]);
  const eps = (name: keyof typeof configs) => without(full[name], "rms_norm_eps").normEps;
  expect([eps("llama"), eps("qwen2"), eps("qwen3"), eps("mixtral")]).toEqual([1e-6, 1e-6, 1e-6, 1e-5]);
  const tied = (name: keyof typeof configs) => without(full[name], "tie_word_embeddings").tied;
  expect([tied("gpt2"), tied("llama"), tied("qwen2")]).toEqual([true, false, false]);
  expect(without(full.llama, "num_key_value_heads").kvHeads).toBe(4);
  expect(read({ ...full.qwen2, num_key_value_heads: null }).kvHeads).toBe(4);
  expect(() => without(full.qwen2, "num_key_value_heads")).toThrow(
    "num_key_value_heads is 32, which does not divide the 4",
  );
  expect(without(full.qwen3, "head_dim").headDim).toBe(128);
  expect(without(full.llama, "head_dim").headDim).toBe(4);
  expect(without(full.gpt2, "n_inner")).toMatchObject({ ffnWidth: 32, normEps: 1e-5, maxPositions: 16 });
});

it("knows which projections have biases", () => {
  const biases = (object: Record<string, unknown>) => {
    const { attentionBias, outputBias, mlpBias, qkNorm } = read(object);
    return [attentionBias, outputBias, mlpBias, qkNorm];
  };
  expect(biases(full.gpt2)).toEqual([true, true, true, false]);
  expect(biases(full.llamaWithBias)).toEqual([true, true, true, false]);
  expect(biases(full.qwen2)).toEqual([true, false, false, false]);
  expect(biases({ ...full.qwen3, attention_bias: true })).toEqual([true, true, false, true]);
  expect(biases(full.mixtral)).toEqual([false, false, false, false]);
});

it("reads rotary positions in the newer form", () => {
  const { rope_theta, rope_scaling, ...rest } = full.llama3;
  const newer = { ...rest, rope_parameters: { rope_theta, ...(rope_scaling as object) } };
  expect(read(newer)).toEqual(read(full.llama3));
  expect(read({ ...rest, rope_parameters: { rope_type: "default", rope_theta: 7 } }).ropeTheta).toBe(7);
});

describe("refuses, with key, value and file", () => {
  it.each<[Record<string, unknown>, string]>([
    [
      { ...full.llama, model_type: "bert" },
      'model_type is the string "bert"; those that are read are gpt2, llama, qwen2',
    ],
    [{ ...full.llama, model_type: undefined }, "model_type is missing"],
    [{ ...full.llama, hidden_act: "gelu" }, 'hidden_act is the string "gelu"; what is computed is "silu"'],
    [
      { ...full.gpt2, activation_function: "gelu" },
      'activation_function is the string "gelu"; what is computed is "gelu_new"',
    ],
    [
      { ...full.gpt2, scale_attn_by_inverse_layer_idx: true },
      "scale_attn_by_inverse_layer_idx is true; what is computed is false",
    ],
    [{ ...full.gpt2, scale_attn_weights: false }, "scale_attn_weights is false; what is computed is true"],
    [{ ...full.gpt2, n_head: 3 }, "n_embd is 8, which 3 heads (n_head) do not divide"],
    [{ ...full.llama, num_attention_heads: 3, num_key_value_heads: 3 }, "hidden_size is 16, which 3 heads"],
    [{ ...full.llama, num_key_value_heads: 3 }, "num_key_value_heads is 3, which does not divide the 4 heads"],
    [{ ...full.llama, head_dim: 3 }, "head_dim is 3; rotary positions turn pairs"],
    [{ ...full.llama, hidden_size: 0 }, "hidden_size is the number 0, expected a whole number from 1 to 2147483647"],
    [{ ...full.llama, vocab_size: 2 ** 31 }, "vocab_size is the number 2147483648, expected"],
    [{ ...full.llama, num_hidden_layers: 1.5 }, "num_hidden_layers is the number 1.5, expected"],
    [{ ...full.llama, vocab_size: "11" }, 'vocab_size is the string "11", expected'],
    [{ ...full.llama, vocab_size: undefined }, "vocab_size is missing, expected"],
    [{ ...full.llama, rms_norm_eps: -1 }, "rms_norm_eps is the number -1, expected a number above 0"],
    [{ ...full.llama, rope_theta: "1e4" }, 'rope_theta is the string "1e4", expected a number above 0'],
    [
      { ...full.llama, rope_theta: 5, rope_parameters: { rope_theta: 6 } },
      "rope_theta is the number 5, but rope_parameters has the number 6",
    ],
    [
      { ...full.llama, rope_scaling: { type: "linear", factor: 2 } },
      'rope_scaling has the rope_type the string "linear"; what is computed is "default" and "llama3"',
    ],
    [
      { ...full.llama, rope_scaling: { rope_type: "llama3", factor: 2 } },
      "rope_scaling.low_freq_factor is missing, expected",
    ],
    [{ ...full.llama, partial_rotary_factor: 0.5 }, "partial_rotary_factor is the number 0.5; only whole heads"],
    [{ ...full.llama, quantization_config: {} }, "quantization_config is set"],
    [{ ...full.llama, tie_word_embeddings: "no" }, 'tie_word_embeddings is the string "no", expected true or false'],
    [
      { ...full.qwen2, use_sliding_window: true, sliding_window: 8 },
      "sliding_window is the number 8: attention over a window",
    ],
    [
      { ...full.qwen3, layer_types: ["full_attention", "sliding_attention"] },
      'layer_types has the string "sliding_attention"',
    ],
    [{ ...full.mixtral, sliding_window: 32 }, "sliding_window is the number 32: attention over a window"],
    [{ ...full.mixtral, num_experts_per_tok: 5 }, "num_experts_per_tok is 5, more than the 4 experts"],
  ])("%#: %j", (object, message) => {
    expect(() => readConfig(JSON.stringify(object), "m/config.json")).toThrow(`m/config.json: ${message}`);
  });

  it("what is no object, or has a key twice", () => {
    expect(() => readConfig("[]")).toThrow("config.json holds a list of 0, expected an object");
    expect(() => readConfig('{"vocab_size":1,"vocab_size":2}')).toThrow('the key "vocab_size" for the second time');
  });
});

it("takes a window that changes nothing", () => {
  expect(read({ ...full.qwen2, use_sliding_window: false, sliding_window: 8 }).family).toBe("qwen2");
  expect(read({ ...full.mixtral, sliding_window: 64 }).experts).toBe(4);
});

it("writes extra keys, and refuses a form that the family's file cannot say", () => {
  const config = read(full.llama);
  expect(JSON.parse(writeConfig(config, { bos_token_id: 1 }))).toMatchObject({ bos_token_id: 1, model_type: "llama" });
  expect(() => writeConfig({ ...config, qkNorm: true })).toThrow(
    "A config.json of the family llama cannot say qkNorm = true: it would be read as false.",
  );
  expect(() => writeConfig({ ...config, attentionBias: true })).toThrow("cannot say outputBias = false");
  expect(() => writeConfig(config, { vocab_size: 12 })).toThrow(
    "cannot say vocabularySize = 11: it would be read as 12",
  );
});
