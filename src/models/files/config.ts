/**
 * config.json of the Hugging Face library into a decoder's form, and back. Defaults are those of its configuration
 * classes (`configuration_gpt2.py`, `…_llama.py`, `…_qwen2.py`, `…_qwen3.py`, `…_mixtral.py`). What would be computed
 * otherwise than there is refused, with the key, its value and the file; nothing is guessed.
 */
import type { DecoderConfig, Family } from "../decoder-config.ts";
import { Fields, isObject, kindOf } from "../tokenizer/fields.ts";
import { readRope } from "./config-rope.ts";
import { parseStrictJson } from "./strict-json.ts";

const families: readonly Family[] = ["gpt2", "llama", "qwen2", "qwen3", "mixtral"];
/** The largest size that is taken: kernels count in 31 bits. */
const MOST = 2 ** 31 - 1;
/** What a family has where its file says nothing. */
const defaults = {
  llama: { eps: 1e-6, theta: 10_000, kvHeads: undefined, headDim: undefined },
  qwen2: { eps: 1e-6, theta: 10_000, kvHeads: 32, headDim: undefined },
  qwen3: { eps: 1e-6, theta: 10_000, kvHeads: 32, headDim: 128 },
  mixtral: { eps: 1e-5, theta: 1_000_000, kvHeads: 8, headDim: undefined },
} as const;

/**
 * Reads a config.json. @param name what messages call it.
 * @throws RangeError for a file that is malformed, of another family, or asks for what the decoder does not compute.
 */
export function readConfig(file: string | Uint8Array, name = "config.json"): DecoderConfig {
  const value = parseStrictJson(name, file);
  if (!isObject(value)) throw new RangeError(`${name} holds ${kindOf(value)}, expected an object`);
  const fields = new Fields(`${name}: `, value);
  const family = families.find((known) => known === fields.raw("model_type"));
  if (!family)
    return fields.fail(
      "model_type",
      `is ${kindOf(fields.raw("model_type"))}; those that are read are ${families.join(", ")}`,
    );
  if (fields.raw("quantization_config") != null)
    fields.fail("quantization_config", "is set: quantized weights are not read, only f32, f16 and bf16");
  const config = family === "gpt2" ? readGpt2(fields) : readLlamaLike(fields, family);
  checkForm(fields, config);
  return config;
}

function readGpt2(fields: Fields): DecoderConfig {
  const width = size(fields, "n_embd");
  const heads = size(fields, "n_head");
  oneOf(fields, "activation_function", "gelu_new", ["gelu_new", "gelu_pytorch_tanh"]);
  oneOf(fields, "scale_attn_weights", true, [true]);
  oneOf(fields, "scale_attn_by_inverse_layer_idx", false, [false]);
  oneOf(fields, "add_cross_attention", false, [false]);
  if (width % heads !== 0) fields.fail("n_embd", `is ${width}, which ${heads} heads (n_head) do not divide`);
  return {
    family: "gpt2",
    vocabularySize: size(fields, "vocab_size"),
    width,
    layers: size(fields, "n_layer"),
    heads,
    kvHeads: heads,
    headDim: width / heads,
    ffnWidth: size(fields, "n_inner", 4 * width),
    activation: "gelu_tanh",
    norm: "layer",
    normEps: positive(fields, "layer_norm_epsilon", 1e-5),
    positions: "learned",
    ropeTheta: 10_000,
    maxPositions: size(fields, "n_positions"),
    tied: fields.flag("tie_word_embeddings", true),
    attentionBias: true,
    outputBias: true,
    mlpBias: true,
    qkNorm: false,
    experts: 0,
    expertsPerToken: 0,
    normalizeTopK: false,
    initializerRange: positive(fields, "initializer_range", 0.02),
  };
}

function readLlamaLike(fields: Fields, family: Exclude<Family, "gpt2">): DecoderConfig {
  const { eps, theta, kvHeads, headDim } = defaults[family];
  const width = size(fields, "hidden_size");
  const heads = size(fields, "num_attention_heads");
  const isMixture = family === "mixtral";
  oneOf(fields, "hidden_act", "silu", ["silu"]);
  checkWindow(fields, family);
  const biased = (family === "llama" || family === "qwen3") && fields.flag("attention_bias", false);
  if (fields.raw("head_dim") == null && headDim === undefined && width % heads !== 0)
    fields.fail("hidden_size", `is ${width}, which ${heads} heads (num_attention_heads) do not divide`);
  return {
    family,
    vocabularySize: size(fields, "vocab_size"),
    width,
    layers: size(fields, "num_hidden_layers"),
    heads,
    // In a file, null means as many as heads; where nothing is said, the family's own number stands.
    kvHeads: size(
      fields,
      "num_key_value_heads",
      fields.raw("num_key_value_heads") === null ? heads : (kvHeads ?? heads),
    ),
    headDim: size(fields, "head_dim", headDim ?? width / heads),
    ffnWidth: size(fields, "intermediate_size"),
    activation: "silu",
    norm: "rms",
    normEps: positive(fields, "rms_norm_eps", eps),
    positions: "rope",
    ...readRope(fields, theta),
    maxPositions: size(fields, "max_position_embeddings"),
    tied: fields.flag("tie_word_embeddings", false),
    attentionBias: biased || family === "qwen2",
    outputBias: biased,
    mlpBias: family === "llama" && fields.flag("mlp_bias", false),
    qkNorm: family === "qwen3",
    experts: isMixture ? size(fields, "num_local_experts") : 0,
    expertsPerToken: isMixture ? size(fields, "num_experts_per_tok") : 0,
    normalizeTopK: isMixture,
    initializerRange: positive(fields, "initializer_range", 0.02),
  };
}

/** Attention over a window of the last tokens is not computed; where the window is as long as the model, it changes nothing. */
function checkWindow(fields: Fields, family: Family): void {
  const window = fields.raw("sliding_window");
  const isUsed = family === "mixtral" ? window != null : fields.flag("use_sliding_window", false);
  if (isUsed && !(typeof window === "number" && window >= size(fields, "max_position_embeddings")))
    fields.fail(
      "sliding_window",
      `is ${kindOf(window)}: attention over a window is not computed; only a model without one is read`,
    );
  const types = fields.raw("layer_types") == null ? [] : fields.list("layer_types");
  const other = types.find((type) => type !== "full_attention");
  if (other !== undefined) fields.fail("layer_types", `has ${kindOf(other)}; only "full_attention" is computed`);
}

function checkForm(
  fields: Fields,
  { family, heads, kvHeads, headDim, experts, expertsPerToken, positions }: DecoderConfig,
): void {
  if (heads % kvHeads !== 0)
    fields.fail("num_key_value_heads", `is ${kvHeads}, which does not divide the ${heads} heads (num_attention_heads)`);
  if (positions === "rope" && headDim % 2 !== 0)
    fields.fail("head_dim", `is ${headDim}; rotary positions turn pairs, so it has to be even`);
  if (family === "mixtral" && expertsPerToken > experts)
    fields.fail("num_experts_per_tok", `is ${expertsPerToken}, more than the ${experts} experts (num_local_experts)`);
}

/** The text of a config.json. @throws RangeError for a form that its family's file cannot say, with the field. */
export function writeConfig(config: DecoderConfig, extras: Readonly<Record<string, unknown>> = {}): string {
  const text = `${JSON.stringify({ ...keysOf(config), ...extras }, null, 2)}\n`;
  const back = readConfig(text, `config.json of ${config.family}`);
  for (const field of Object.keys({ ...back, ...config }) as (keyof DecoderConfig)[]) {
    if (isIdle(field, config) || JSON.stringify(back[field]) === JSON.stringify(config[field])) continue;
    throw new RangeError(
      `A config.json of the family ${config.family} cannot say ${field} = ${JSON.stringify(config[field])}: it would be read as ${JSON.stringify(back[field])}.`,
    );
  }
  return text;
}

/** Whether a field says nothing in this form. */
function isIdle(field: keyof DecoderConfig, { positions, experts }: DecoderConfig): boolean {
  if (field === "ropeTheta") return positions === "learned";
  return experts === 0 && (field === "normalizeTopK" || field === "expertsPerToken");
}

function keysOf(config: DecoderConfig): Record<string, unknown> {
  const { family, ropeScaling: scaling } = config;
  const common = {
    vocab_size: config.vocabularySize,
    initializer_range: config.initializerRange,
    tie_word_embeddings: config.tied,
  };
  if (family === "gpt2") {
    return {
      architectures: ["GPT2LMHeadModel"],
      model_type: family,
      ...common,
      n_embd: config.width,
      n_layer: config.layers,
      n_head: config.heads,
      n_inner: config.ffnWidth,
      n_positions: config.maxPositions,
      n_ctx: config.maxPositions,
      activation_function: "gelu_new",
      layer_norm_epsilon: config.normEps,
    };
  }
  return {
    architectures: [`${family[0].toUpperCase()}${family.slice(1)}ForCausalLM`],
    model_type: family,
    ...common,
    hidden_size: config.width,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    intermediate_size: config.ffnWidth,
    hidden_act: "silu",
    max_position_embeddings: config.maxPositions,
    rms_norm_eps: config.normEps,
    rope_theta: config.ropeTheta,
    rope_scaling: scaling
      ? {
          rope_type: scaling.type,
          factor: scaling.factor,
          low_freq_factor: scaling.lowFreqFactor,
          high_freq_factor: scaling.highFreqFactor,
          original_max_position_embeddings: scaling.originalMaxPositions,
        }
      : null,
    ...(family === "llama" || family === "qwen3" ? { attention_bias: config.attentionBias } : {}),
    ...(family === "llama" ? { mlp_bias: config.mlpBias } : {}),
    ...(family === "mixtral"
      ? { num_local_experts: config.experts, num_experts_per_tok: config.expertsPerToken, sliding_window: null }
      : {}),
  };
}

function size(fields: Fields, key: string, otherwise?: number): number {
  const value = fields.raw(key) ?? otherwise;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MOST) return value;
  return fields.fail(key, `is ${kindOf(value)}, expected a whole number from 1 to ${MOST}`);
}

function positive(fields: Fields, key: string, otherwise: number): number {
  const value = fields.raw(key) ?? otherwise;
  if (typeof value === "number" && value > 0) return value;
  return fields.fail(key, `is ${kindOf(value)}, expected a number above 0`);
}

function oneOf(fields: Fields, key: string, otherwise: unknown, known: readonly unknown[]): void {
  const value = fields.raw(key) ?? otherwise;
  if (!known.includes(value))
    fields.fail(
      key,
      `is ${kindOf(value)}; what is computed is ${known.map((each) => JSON.stringify(each)).join(", ")}`,
    );
}
