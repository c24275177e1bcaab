/**
 * The same decoders once more, of the float64 twin's operations: their gradients are references for whole models, and
 * their logits a second opinion on reference-decoder.ts, which shares no line with this.
 */
import { Value } from "../../src/autograd/twin.ts";
import { type HfConfig, inverseFrequencies, sizesOf, type Weights } from "./reference-weights.ts";
import * as net from "./twin-network.ts";

/** Leaves for all tensors of a checkpoint. */
export function leaves(weights: Weights): Record<string, Value> {
  const made = Object.entries(weights).map(([name, { shape, data }]) => [name, Value.of(Array.from(data), shape)]);
  return Object.fromEntries(made);
}

/** Logits [tokens, vocabulary], from leaves under a checkpoint's names. */
export function twinLogits(config: HfConfig, w: Record<string, Value>, tokens: readonly number[]): Value {
  const positions = [...tokens.keys()];
  if (config.model_type === "gpt2") return gpt2(config, w, tokens, positions);
  const { heads, kvHeads, dim, layers } = sizesOf(config);
  const { model_type: family, rms_norm_eps: eps = 1e-6 } = config;
  const turned = turning(config, positions, dim);
  const linear = (x: Value, name: string): Value => {
    const y = x.matmul(w[`${name}.weight`].transpose());
    return w[`${name}.bias`] ? y.add(w[`${name}.bias`]) : y;
  };
  const gated = (x: Value, gate: string, up: string, down: string): Value =>
    linear(net.swiglu(linear(x, gate), linear(x, up)), down);
  const embedding = w["model.embed_tokens.weight"];
  let x = embedding.rows(tokens);
  for (let i = 0; i < layers; i++) {
    const layer = `model.layers.${i}`;
    const normed = net.rmsNorm(x, w[`${layer}.input_layernorm.weight`], eps);
    const split = (part: string, count: number): Value =>
      linear(normed, `${layer}.self_attn.${part}_proj`).reshape([tokens.length, count, dim]);
    const placed = (part: string, count: number): Value => {
      const y = split(part, count);
      return turned(family === "qwen3" ? net.rmsNorm(y, w[`${layer}.self_attn.${part}_norm.weight`], eps) : y);
    };
    const mixed = net.attention(placed("q", heads), placed("k", kvHeads), split("v", kvHeads));
    x = x.add(linear(mixed.reshape([tokens.length, heads * dim]), `${layer}.self_attn.o_proj`));
    const own = net.rmsNorm(x, w[`${layer}.post_attention_layernorm.weight`], eps);
    if (family !== "mixtral") {
      x = x.add(gated(own, `${layer}.mlp.gate_proj`, `${layer}.mlp.up_proj`, `${layer}.mlp.down_proj`));
      continue;
    }
    const moe = `${layer}.block_sparse_moe`;
    const shares = net.routing(linear(own, `${moe}.gate`), config.num_experts_per_tok ?? 2, true);
    for (let e = 0; e < (config.num_local_experts ?? 8); e++) {
      const out = gated(own, `${moe}.experts.${e}.w1`, `${moe}.experts.${e}.w3`, `${moe}.experts.${e}.w2`);
      x = x.add(out.mul(shares.slice(1, e, e + 1)));
    }
  }
  const last = net.rmsNorm(x, w["model.norm.weight"], eps);
  return last.matmul((w["lm_head.weight"] ?? embedding).transpose());
}

/** Rotary positions at frequencies that the config may have stretched. x [tokens, heads, dim]. */
function turning(config: HfConfig, positions: readonly number[], dim: number): (x: Value) => Value {
  const frequencies = inverseFrequencies(config);
  const half = dim / 2;
  const table = (f: (angle: number) => number): Value =>
    net.constant([positions.length, 1, half], ([t, , i]) => f(positions[t] * frequencies[i]));
  const [cos, sin] = [table(Math.cos), table(Math.sin)];
  return (x) => {
    const [a, b] = [x.slice(-1, 0, half), x.slice(-1, half, dim)];
    return beside(a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin)));
  };
}

/** Two halves along the last axis, as one. */
function beside(a: Value, b: Value): Value {
  const half = a.shape[a.shape.length - 1];
  const left = net.constant([half, 2 * half], ([i, j]) => Number(i === j));
  const right = net.constant([half, 2 * half], ([i, j]) => Number(i + half === j));
  return a.matmul(left).add(b.matmul(right));
}

function gpt2(
  config: HfConfig,
  w: Record<string, Value>,
  tokens: readonly number[],
  positions: readonly number[],
): Value {
  const { width, heads, dim, layers } = sizesOf(config);
  const eps = config.layer_norm_epsilon ?? 1e-5;
  const norm = (x: Value, name: string): Value => net.layerNorm(x, w[`${name}.weight`], w[`${name}.bias`], eps);
  const conv = (x: Value, name: string): Value => x.matmul(w[`${name}.weight`]).add(w[`${name}.bias`]);
  const embedding = w["transformer.wte.weight"];
  let x = embedding.rows(tokens).add(w["transformer.wpe.weight"].rows(positions));
  for (let i = 0; i < layers; i++) {
    const layer = `transformer.h.${i}`;
    const qkv = conv(norm(x, `${layer}.ln_1`), `${layer}.attn.c_attn`);
    const part = (which: number): Value =>
      qkv.slice(1, which * width, (which + 1) * width).reshape([tokens.length, heads, dim]);
    const mixed = net.attention(part(0), part(1), part(2)).reshape([tokens.length, width]);
    x = x.add(conv(mixed, `${layer}.attn.c_proj`));
    x = x.add(conv(net.gelu(conv(norm(x, `${layer}.ln_2`), `${layer}.mlp.c_fc`)), `${layer}.mlp.c_proj`));
  }
  return norm(x, "transformer.ln_f").matmul((w["lm_head.weight"] ?? embedding).transpose());
}
