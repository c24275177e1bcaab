/**
 * An independent decoder in float64, for tests: logits of GPT-2, Llama, Qwen2, Qwen3 and Mixtral shapes, from a
 * Hugging Face config and tensors under their names in a checkpoint. Plain loops over rows of numbers, after the
 * modelling code of transformers (modeling_gpt2, _llama, _qwen2, _qwen3, _mixtral, modeling_rope_utils); nothing of src/
 * is used, so that one mistake cannot be on both sides. Where transformers rounds (angles in f32), this does not.
 *
 * It has no cache, no batch, no dropout, and no sliding window: a prompt that is longer than one throws.
 */
import {
  type HfConfig,
  inverseFrequencies,
  type Row,
  reader,
  sizesOf,
  type Take,
  type Weights,
} from "./reference-weights.ts";

const dot = (a: Row, b: Row): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};
const plus = (a: Row, b: Row): Row => a.map((x, i) => x + b[i]);

/** nn.Linear: weight [out, in]. */
function linear(x: Row, take: Take, name: string, bias: boolean): Row {
  const y = Float64Array.from(take(`${name}.weight`), (row) => dot(x, row));
  return bias ? plus(y, take(`${name}.bias`)[0]) : y;
}

/** GPT-2's Conv1D: weight [in, out]. */
function conv1d(x: Row, take: Take, name: string): Row {
  const y = Float64Array.from(take(`${name}.bias`)[0]);
  for (const [i, row] of take(`${name}.weight`).entries()) for (let j = 0; j < y.length; j++) y[j] += x[i] * row[j];
  return y;
}

function layerNorm(x: Row, take: Take, name: string, eps: number): Row {
  const [weight, bias] = [take(`${name}.weight`)[0], take(`${name}.bias`)[0]];
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return x.map((value, i) => ((value - mean) / Math.sqrt(variance + eps)) * weight[i] + bias[i]);
}

function rmsNorm(x: Row, weight: Row, eps: number): Row {
  const scale = 1 / Math.sqrt(dot(x, x) / x.length + eps);
  return x.map((value, i) => weight[i] * (value * scale));
}

function softmax(x: Row): Row {
  const most = Math.max(...x);
  const y = x.map((value) => Math.exp(value - most));
  const sum = y.reduce((a, b) => a + b, 0);
  return y.map((value) => value / sum);
}

function activation(name: string): (x: number) => number {
  if (name === "silu") return (x) => x / (1 + Math.exp(-x));
  if (name === "gelu_new" || name === "gelu_pytorch_tanh")
    return (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  throw new Error(`The reference has no activation ${name}.`);
}

/** Turns a head by its position, its first half against its second: x·cos + rotate_half(x)·sin. */
export function rotate(x: Row, position: number, frequencies: readonly number[]): Row {
  const half = x.length / 2;
  return x.map((value, i) => {
    const angle = position * frequencies[i % half];
    const other = i < half ? -x[i + half] : x[i - half];
    return value * Math.cos(angle) + other * Math.sin(angle);
  });
}

const headsOf = (x: Row, dim: number): Row[] =>
  Array.from({ length: x.length / dim }, (_, head) => x.subarray(head * dim, (head + 1) * dim));

/** Causal attention. @param q [token][head], k and v [token][kvHead], each of dim numbers. @returns [token] of heads · dim. */
function attend(q: Row[][], k: Row[][], v: Row[][], scale: number): Row[] {
  const [heads, kvHeads, dim] = [q[0].length, k[0].length, q[0][0].length];
  return q.map((own, t) => {
    const out = new Float64Array(heads * dim);
    for (let head = 0; head < heads; head++) {
      const shared = Math.floor(head / (heads / kvHeads));
      const seen = Float64Array.from({ length: t + 1 }, (_, s) => dot(own[head], k[s][shared]) * scale);
      for (const [s, weight] of softmax(seen).entries())
        for (let i = 0; i < dim; i++) out[head * dim + i] += weight * v[s][shared][i];
    }
    return out;
  });
}

/** Experts of Mixtral: the softmax over all, of which the k largest are kept and sum to 1. */
function mixture(x: Row, config: HfConfig, take: Take, name: string): Row {
  const p = softmax(linear(x, take, `${name}.gate`, false));
  const chosen = [...p.keys()].sort((a, b) => p[b] - p[a] || a - b).slice(0, config.num_experts_per_tok ?? 2);
  const kept = chosen.reduce((sum, expert) => sum + p[expert], 0);
  let y: Row = new Float64Array(x.length);
  for (const expert of chosen) {
    const own = gated(
      x,
      config,
      take,
      [`w1`, `w3`, `w2`].map((part) => `${name}.experts.${expert}.${part}`),
      false,
    );
    y = plus(
      y,
      own.map((value) => (value * p[expert]) / kept),
    );
  }
  return y;
}

/** down(act(gate(x)) · up(x)). */
function gated(x: Row, config: HfConfig, take: Take, [gate, up, down]: readonly string[], bias: boolean): Row {
  const act = activation(config.hidden_act ?? "silu");
  const wide = linear(x, take, up, bias);
  return linear(
    linear(x, take, gate, bias).map((value, i) => act(value) * wide[i]),
    take,
    down,
    bias,
  );
}

function gpt2(config: HfConfig, take: Take, tokens: readonly number[], positions: readonly number[]): Row[] {
  const { width, dim, layers } = sizesOf(config);
  const eps = config.layer_norm_epsilon ?? 1e-5;
  const act = activation(config.activation_function ?? "gelu_new");
  let x = tokens.map((token, t) =>
    plus(take("transformer.wte.weight")[token], take("transformer.wpe.weight")[positions[t]]),
  );
  for (let i = 0; i < layers; i++) {
    const name = `transformer.h.${i}`;
    const qkv = x.map((row) => conv1d(layerNorm(row, take, `${name}.ln_1`, eps), take, `${name}.attn.c_attn`));
    const [q, k, v] = [0, 1, 2].map((part) =>
      qkv.map((row) => headsOf(row.slice(part * width, (part + 1) * width), dim)),
    );
    const inverse = config.scale_attn_by_inverse_layer_idx ? 1 / (i + 1) : 1;
    const scale = (config.scale_attn_weights === false ? 1 : 1 / Math.sqrt(dim)) * inverse;
    x = attend(q, k, v, scale).map((row, t) => plus(x[t], conv1d(row, take, `${name}.attn.c_proj`)));
    x = x.map((row) => {
      const inner = conv1d(layerNorm(row, take, `${name}.ln_2`, eps), take, `${name}.mlp.c_fc`);
      return plus(row, conv1d(inner.map(act), take, `${name}.mlp.c_proj`));
    });
  }
  return x.map((row) => layerNorm(row, take, "transformer.ln_f", eps));
}

function llama(config: HfConfig, take: Take, tokens: readonly number[], positions: readonly number[]): Row[] {
  const { dim, layers } = sizesOf(config);
  const { model_type: family, rms_norm_eps: eps } = config;
  if (!eps) throw new Error(`The config of ${family} has no rms_norm_eps.`);
  const frequencies = inverseFrequencies(config);
  const biased = family === "qwen2" || (family !== "mixtral" && config.attention_bias === true);
  let x = tokens.map((token) => take("model.embed_tokens.weight")[token]);
  for (let i = 0; i < layers; i++) {
    const name = `model.layers.${i}`;
    const normed = x.map((row) => rmsNorm(row, take(`${name}.input_layernorm.weight`)[0], eps));
    const heads = (part: string, turns: boolean): Row[][] =>
      normed.map((row, t) =>
        headsOf(linear(row, take, `${name}.self_attn.${part}_proj`, biased), dim).map((head) => {
          if (!turns) return head;
          const even = family === "qwen3" ? rmsNorm(head, take(`${name}.self_attn.${part}_norm.weight`)[0], eps) : head;
          return rotate(even, positions[t], frequencies);
        }),
      );
    const mixed = attend(heads("q", true), heads("k", true), heads("v", false), 1 / Math.sqrt(dim));
    const outBiased = biased && family !== "qwen2";
    x = mixed.map((row, t) => plus(x[t], linear(row, take, `${name}.self_attn.o_proj`, outBiased)));
    x = x.map((row) => {
      const own = rmsNorm(row, take(`${name}.post_attention_layernorm.weight`)[0], eps);
      if (family === "mixtral") return plus(row, mixture(own, config, take, `${name}.block_sparse_moe`));
      const parts = ["gate_proj", "up_proj", "down_proj"].map((part) => `${name}.mlp.${part}`);
      return plus(row, gated(own, config, take, parts, family === "llama" && config.mlp_bias === true));
    });
  }
  return x.map((row) => rmsNorm(row, take("model.norm.weight")[0], eps));
}

/**
 * The logits after each token. @returns [tokens][vocabulary]
 * @param positions 0, 1, 2, … if not given
 * @throws Error for weights that are not this config's, for a token that is not in the vocabulary, and for what it does not have.
 */
export function referenceLogits(
  config: HfConfig,
  weights: Weights,
  tokens: readonly number[],
  positions: readonly number[] = tokens.map((_, t) => t),
): Float64Array[] {
  const window = config.model_type.startsWith("qwen") && !config.use_sliding_window ? null : config.sliding_window;
  if (window && tokens.length > window) throw new Error(`The reference has no sliding window, which is ${window}.`);
  for (const token of tokens)
    if (!(Number.isInteger(token) && token >= 0 && token < config.vocab_size))
      throw new Error(`There is no token ${token}.`);
  const take = reader(config, weights);
  const body = config.model_type === "gpt2" ? gpt2 : llama;
  return body(config, take, tokens, positions).map((row) => linear(row, take, "lm_head", false));
}
