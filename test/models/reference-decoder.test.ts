/** The float64 decoder that models are compared with: by hand, by what must not change, and by the twin's. */
import { describe, expect, it } from "vitest";
import { mulberry32 } from "../../src/platform/random.ts";
import { configs } from "../helpers/configs.ts";
import { agree } from "../helpers/fixtures.ts";
import { referenceLogits, rotate } from "../helpers/reference-decoder.ts";
import {
  type HfConfig,
  inverseFrequencies,
  randomWeights,
  tensorsOf,
  type Weights,
} from "../helpers/reference-weights.ts";
import { leaves, twinLogits } from "../helpers/twin-decoder.ts";
import { crossEntropy } from "../helpers/twin-network.ts";

const tokens = [3, 1, 4, 1, 5, 9];
const families = Object.entries(configs) as [string, HfConfig][];
const rotary = families.filter(([, config]) => config.model_type !== "gpt2");

/** The largest difference of two lists of rows. */
function distance(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  return Math.max(...a.flatMap((row, t) => [...row].map((value, i) => Math.abs(value - b[t][i]))));
}

/** Weights with one tensor changed. */
function changed(weights: Weights, name: string, f: (x: number, i: number) => number): Weights {
  const { shape, data } = weights[name];
  return { ...weights, [name]: { shape, data: Float64Array.from(data).map(f) } };
}

const identity = { shape: [2, 2], data: [1, 0, 0, 1] };
const zeros = { shape: [2, 2], data: [0, 0, 0, 0] };
const ones = { shape: [2], data: [1, 1] };

describe("by hand", () => {
  const config: HfConfig = {
    ...configs.llama,
    vocab_size: 2,
    hidden_size: 2,
    intermediate_size: 2,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    num_key_value_heads: 1,
    rms_norm_eps: 1e-300,
  };
  const layer = "model.layers.0";
  const weights: Weights = {
    "model.embed_tokens.weight": { shape: [2, 2], data: [3, 4, 4, -3] },
    [`${layer}.self_attn.q_proj.weight`]: zeros,
    [`${layer}.self_attn.k_proj.weight`]: identity,
    [`${layer}.self_attn.v_proj.weight`]: identity,
    [`${layer}.self_attn.o_proj.weight`]: identity,
    [`${layer}.input_layernorm.weight`]: ones,
    [`${layer}.post_attention_layernorm.weight`]: ones,
    [`${layer}.mlp.gate_proj.weight`]: identity,
    [`${layer}.mlp.up_proj.weight`]: identity,
    [`${layer}.mlp.down_proj.weight`]: zeros,
    "model.norm.weight": ones,
    "lm_head.weight": identity,
  };

  it("a Llama of width 2 whose queries are 0 attends to all alike", () => {
    const [a, b] = referenceLogits(config, weights, [0, 1]);
    // Token 0: [3, 4] / √12.5 is added to itself, so its direction stays.
    agree("token 0", a, [3 / Math.sqrt(12.5), 4 / Math.sqrt(12.5)], 1e-12);
    // Token 1: [4, -3] + ([3, 4] + [4, -3]) / (2 √12.5), over the root of its mean square.
    agree("token 1", b, [1.22712001, -0.70297687], 1e-7);
  });

  it("eps lies under the root, beside the mean", () => {
    const still = { ...weights, [`${layer}.self_attn.o_proj.weight`]: zeros };
    // [3, 4] / √(12.5 + 12.5) = [0.6, 0.8]
    agree("the norm", referenceLogits({ ...config, rms_norm_eps: 12.5 }, still, [0])[0], [0.6, 0.8], 1e-12);
  });

  it("an MLP is down(silu(gate) · up)", () => {
    const active = {
      ...weights,
      [`${layer}.self_attn.o_proj.weight`]: zeros,
      [`${layer}.mlp.down_proj.weight`]: identity,
      "model.embed_tokens.weight": { shape: [2, 2], data: [2, 2, 1, 1] },
    };
    // Normed to [1, 1]: silu(1) = 0.731059, twice; [2, 2] + that points where [1, 1] does.
    agree("in the direction", referenceLogits(config, active, [0])[0], [1, 1], 1e-12);
    const uneven = changed(active, `${layer}.mlp.up_proj.weight`, (x, i) => (i === 0 ? 2 : x));
    const [x, y] = [2 + 2 * 0.7310585786, 2 + 0.7310585786];
    const root = Math.sqrt((x * x + y * y) / 2);
    agree("uneven", referenceLogits(config, uneven, [0])[0], [x / root, y / root], 1e-9);
  });

  it("GPT-2 normalises to ±1 at width 2, and its projections are [in, out]", () => {
    const small: HfConfig = {
      ...configs.gpt2,
      vocab_size: 2,
      n_embd: 2,
      n_layer: 1,
      n_head: 1,
      n_positions: 2,
      layer_norm_epsilon: 1e-300,
    };
    const zero = Object.fromEntries(
      tensorsOf(small).map(([name, shape]) => [name, { shape, data: new Float64Array(shape[0] * (shape[1] ?? 1)) }]),
    );
    const w: Weights = {
      ...zero,
      "transformer.wte.weight": { shape: [2, 2], data: [1, 5, 2, 0] },
      "transformer.h.0.ln_1.weight": ones,
      // v = [x0 + 10 x1, 0] of [-1, 1]; stored as the last two columns of [in, 3 · out]
      "transformer.h.0.attn.c_attn.weight": { shape: [2, 6], data: [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 10, 0] },
      "transformer.h.0.attn.c_proj.weight": identity,
      "transformer.ln_f.weight": ones,
    };
    // [1, 5] + [9, 0] = [10, 5], normed to [1, -1]; against the embedding: 1 - 5 and 2 - 0.
    agree("the logits", referenceLogits(small, w, [0])[0], [-4, 2], 1e-9);
  });

  it("rotary positions, halves against each other", () => {
    const frequencies = inverseFrequencies({ ...configs.llama, head_dim: 4 });
    expect(frequencies).toEqual([1, 0.01]);
    agree("half-split", rotate(Float64Array.of(1, 0, 0, 0), 1, frequencies), [0.540302, 0, 0.841471, 0], 1e-6);
  });

  it("the interleaved layout is the same with rows of q and k permuted, and has equal scores", () => {
    const frequencies = [1, 0.01];
    const interleaved = (x: Float64Array, position: number): Float64Array =>
      x.map((value, i) => {
        const angle = position * frequencies[i >> 1];
        return value * Math.cos(angle) + (i % 2 === 0 ? -x[i + 1] : x[i - 1]) * Math.sin(angle);
      });
    agree("interleaved", interleaved(Float64Array.of(1, 0, 0, 0), 1), [0.540302, 0.841471, 0, 0], 1e-6);
    const permuted = (x: Float64Array): Float64Array => Float64Array.of(x[0], x[2], x[1], x[3]);
    const [q, k] = [Float64Array.of(0.3, -1.2, 0.7, 2), Float64Array.of(1.1, 0.4, -0.9, 0.2)];
    const score = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
    const halves = score(rotate(q, 7, frequencies), rotate(k, 3, frequencies));
    expect(score(interleaved(permuted(q), 7), interleaved(permuted(k), 3))).toBeCloseTo(halves, 12);
    expect(score(interleaved(q, 7), interleaved(k, 3))).not.toBeCloseTo(halves, 3); // the mistake: layouts mixed
  });

  it("Llama 3.1's frequencies: fast ones stay, slow ones go 8 times slower, those between are blended", () => {
    const rope_scaling = {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    };
    const config: HfConfig = { ...configs.llama, head_dim: 128, rope_theta: 500_000, rope_scaling };
    const plain = inverseFrequencies({ ...config, rope_scaling: null });
    const scaled = inverseFrequencies(config);
    expect(scaled.slice(0, 29)).toEqual(plain.slice(0, 29));
    expect(scaled[29]).toBeCloseTo(0.002166570763503359, 15); // a wavelength of 2401.7 positions; 0.0026161 before
    for (let i = 36; i < 64; i++) expect(scaled[i]).toBe(plain[i] / 8);
    for (let i = 1; i < 64; i++) expect(scaled[i]).toBeLessThan(scaled[i - 1]);
    const { rope_theta, ...rest } = config;
    const newer: HfConfig = { ...rest, rope_scaling: undefined, rope_parameters: { ...rope_scaling, rope_theta } };
    expect(inverseFrequencies(newer)).toEqual(scaled);
  });
});

describe("what must not change", () => {
  it.each(families)("%s: what comes later", (_, config) => {
    const weights = randomWeights(config, 1);
    const [a, b] = [tokens, [...tokens.slice(0, 4), 7, 2]].map((list) => referenceLogits(config, weights, list));
    expect(a.slice(0, 4)).toEqual(b.slice(0, 4));
    expect(distance([a[4]], [b[4]])).toBeGreaterThan(1e-3);
  });

  it.each(rotary)("%s: where the text begins; only distances count", (_, config) => {
    const weights = randomWeights(config, 2);
    const here = referenceLogits(config, weights, tokens);
    const there = referenceLogits(
      config,
      weights,
      tokens,
      tokens.map((_, t) => t + 100),
    );
    expect(distance(here, there)).toBeLessThan(1e-9);
    const wider = referenceLogits(
      config,
      weights,
      tokens,
      tokens.map((_, t) => 2 * t),
    );
    expect(distance(here, wider)).toBeGreaterThan(1e-3);
  });

  it("GPT-2 learns places, so there it does count", () => {
    const weights = randomWeights(configs.gpt2, 2);
    const there = referenceLogits(
      configs.gpt2,
      weights,
      tokens,
      tokens.map((_, t) => t + 4),
    );
    expect(distance(referenceLogits(configs.gpt2, weights, tokens), there)).toBeGreaterThan(1e-3);
  });

  it("the order of experts", () => {
    const weights = randomWeights(configs.mixtral, 3);
    const order = [2, 0, 3, 1];
    const moved: Record<string, { shape: readonly number[]; data: ArrayLike<number> }> = { ...weights };
    for (const name of Object.keys(weights)) {
      const [, head, expert, rest] = /^(.*\.experts\.)(\d)(.*)$/.exec(name) ?? [];
      if (expert) moved[name] = weights[`${head}${order[Number(expert)]}${rest}`];
      if (name.endsWith("moe.gate.weight")) {
        const { shape, data } = weights[name];
        moved[name] = {
          shape,
          data: data.map((_, i) => data[order[Math.floor(i / shape[1])] * shape[1] + (i % shape[1])]),
        };
      }
    }
    const same = referenceLogits(configs.mixtral, weights, tokens);
    expect(distance(same, referenceLogits(configs.mixtral, moved, tokens))).toBeLessThan(1e-12);
    const gates = Object.keys(weights).filter((name) => name.endsWith("moe.gate.weight"));
    const gateOnly = { ...weights, ...Object.fromEntries(gates.map((name) => [name, moved[name]])) };
    expect(distance(same, referenceLogits(configs.mixtral, gateOnly, tokens))).toBeGreaterThan(1e-3);
  });

  it("Mixtral whose gate is 0 is a Llama with the first two experts at half weight", () => {
    const { num_local_experts, num_experts_per_tok, ...dense } = configs.mixtral;
    const gates = tensorsOf(configs.mixtral).filter(([name]) => name.endsWith("moe.gate.weight"));
    let weights: Weights = randomWeights(configs.mixtral, 4);
    for (const [name] of gates) weights = changed(weights, name, () => 0);
    const config: HfConfig = { ...dense, model_type: "llama", intermediate_size: 24 };
    const { hidden_size: width, intermediate_size: inner } = configs.mixtral;
    const joined = tensorsOf(config).map(([name, shape]) => {
      const part = /^(.*)\.mlp\.(gate|up|down)_proj\.weight$/.exec(name);
      if (!part) return [name, weights[name]] as const;
      const which = { gate: "w1", up: "w3", down: "w2" }[part[2] as "gate" | "up" | "down"];
      const experts = [0, 1].map((e) =>
        Array.from(weights[`${part[1]}.block_sparse_moe.experts.${e}.${which}.weight`].data),
      );
      if (which !== "w2") return [name, { shape, data: experts.flat() }] as const;
      const rows = Array.from({ length: width }, (_, r) =>
        experts.flatMap((data) => data.slice(r * inner, (r + 1) * inner)),
      );
      return [name, { shape, data: rows.flat().map((x) => x / 2) }] as const;
    });
    const llama = referenceLogits(config, Object.fromEntries(joined), tokens);
    expect(distance(referenceLogits(configs.mixtral, weights, tokens), llama)).toBeLessThan(1e-12);
  });

  it("whether two heads share keys and values, or have copies", () => {
    const weights = randomWeights(configs.llama, 5);
    const config: HfConfig = { ...configs.llama, num_key_value_heads: 4 };
    const size = 4 * 16; // rows of a head, by the width
    const copied = tensorsOf(config).map(([name, shape]) => {
      if (!/[kv]_proj/.test(name)) return [name, weights[name]] as const;
      const heads = [0, 0, 1, 1].flatMap((head) =>
        Array.from(weights[name].data.slice(head * size, (head + 1) * size)),
      );
      return [name, { shape, data: heads }] as const;
    });
    const apart = referenceLogits(config, Object.fromEntries(copied), tokens);
    expect(distance(referenceLogits(configs.llama, weights, tokens), apart)).toBeLessThan(1e-12);
  });

  it("how long Qwen3's queries and keys are, because it norms them", () => {
    const weights = randomWeights(configs.qwen3, 6);
    const longer = changed(weights, "model.layers.0.self_attn.q_proj.weight", (x) => 1000 * x);
    const config: HfConfig = { ...configs.qwen3, rms_norm_eps: 1e-12 };
    expect(distance(referenceLogits(config, weights, tokens), referenceLogits(config, longer, tokens))).toBeLessThan(
      1e-9,
    );
    const llama = configs.llama;
    const plain = randomWeights(llama, 6);
    const stretched = changed(plain, "model.layers.0.self_attn.q_proj.weight", (x) => 1000 * x);
    expect(distance(referenceLogits(llama, plain, tokens), referenceLogits(llama, stretched, tokens))).toBeGreaterThan(
      1e-3,
    );
  });
});

describe("a second opinion", () => {
  it.each(families)("%s: the twin's decoder has the same logits", (_, config) => {
    const weights = randomWeights(config, 7);
    const twin = twinLogits(config, leaves(weights), tokens);
    const logits = referenceLogits(config, weights, tokens);
    expect(twin.shape).toEqual([tokens.length, config.vocab_size]);
    agree(
      "the logits",
      twin.data.data,
      logits.flatMap((row) => [...row]),
      1e-9,
    );
  });

  it.each(families)("%s: the twin's gradients are the slopes of the other's loss", (_, config) => {
    const weights = randomWeights(config, 11);
    const targets = [1, 4, -100, 5, 9, 2];
    const twin = leaves(weights);
    const { sum, count } = crossEntropy(twinLogits(config, twin, tokens), targets);
    expect(count).toBe(5);
    sum.backward();
    /** The same loss, of the other decoder's logits, with all weights moved along a direction. */
    const loss = (directions: Readonly<Record<string, Float64Array>>, by: number): number => {
      const moved = Object.entries(weights).map(([name, { shape, data }]) => {
        return [name, { shape, data: Float64Array.from(data).map((x, i) => x + by * directions[name][i]) }] as const;
      });
      const rows = referenceLogits(config, Object.fromEntries(moved), tokens);
      return rows.reduce((total, row, t) => {
        if (targets[t] === -100) return total;
        return total + Math.log(row.reduce((all, x) => all + Math.exp(x), 0)) - row[targets[t]];
      }, 0);
    };
    // Each tensor alone, along a random direction: a gradient that is wrong in one of them cannot hide.
    const random = mulberry32(12);
    const still = Object.fromEntries(
      Object.entries(weights).map(([name, { data }]) => [name, new Float64Array(data.length)]),
    );
    for (const [name, { data }] of Object.entries(weights)) {
      const direction = Float64Array.from(data, () => 2 * random() - 1);
      const along = { ...still, [name]: direction };
      const slope = (loss(along, 1e-5) - loss(along, -1e-5)) / 2e-5;
      const gradient = twin[name].grad?.data.reduce((total, g, i) => total + g * direction[i], 0) ?? Number.NaN;
      expect(Math.abs(gradient - slope) / Math.max(1, Math.abs(slope)), name).toBeLessThan(1e-6);
    }
  });

  it.each(families)("%s: every tensor of a checkpoint counts", (_, config) => {
    const weights = randomWeights(config, 8);
    const same = referenceLogits(config, weights, tokens);
    for (const [name] of tensorsOf(config)) {
      const moved = referenceLogits(
        config,
        changed(weights, name, (x, i) => x + 0.3 * Math.cos(i)),
        tokens,
      );
      expect(distance(same, moved), name).toBeGreaterThan(1e-5);
    }
  });
});

describe("checkpoints", () => {
  const { llama, qwen2 } = configs;

  it("names and shapes are those that transformers saves", () => {
    const names = (config: HfConfig): Record<string, readonly number[]> => Object.fromEntries(tensorsOf(config));
    expect(names(configs.gpt2)).toMatchObject({
      "transformer.wpe.weight": [16, 8],
      "transformer.h.1.attn.c_attn.weight": [8, 24],
      "transformer.h.1.mlp.c_proj.weight": [32, 8],
      "transformer.ln_f.bias": [8],
    });
    expect(names(configs.qwen3)).toMatchObject({
      "model.layers.1.self_attn.q_proj.weight": [24, 16],
      "model.layers.1.self_attn.k_norm.weight": [6],
      "model.layers.1.self_attn.o_proj.weight": [16, 24],
    });
    expect(names(configs.mixtral)).toMatchObject({
      "model.layers.0.block_sparse_moe.gate.weight": [4, 16],
      "model.layers.0.block_sparse_moe.experts.3.w2.weight": [16, 12],
    });
    expect(Object.keys(names(qwen2)).filter((name) => name.endsWith(".bias"))).toEqual(
      [0, 1].flatMap((i) => ["q", "k", "v"].map((part) => `model.layers.${i}.self_attn.${part}_proj.bias`)),
    );
    expect([configs.gpt2, llama, qwen2].map((config) => "lm_head.weight" in names(config))).toEqual([
      false,
      true,
      false,
    ]);
  });

  it("random weights are the same for a seed", () => {
    expect(randomWeights(llama, 9)).toEqual(randomWeights(llama, 9));
    expect(randomWeights(llama, 9)).not.toEqual(randomWeights(llama, 10));
  });

  it("a tied head may be saved, if it is the embedding", () => {
    const weights = randomWeights(qwen2, 1);
    const head = weights["model.embed_tokens.weight"];
    const saved: Weights = { ...weights, "lm_head.weight": head };
    expect(referenceLogits(qwen2, saved, tokens)).toEqual(referenceLogits(qwen2, weights, tokens));
    const other = { ...saved, "lm_head.weight": { ...head, data: head.data.map((x) => x + 1) } };
    expect(() => referenceLogits(qwen2, other, tokens)).toThrow(
      "lm_head.weight is not the embedding, but the config ties them.",
    );
    expect(referenceLogits({ ...qwen2, tie_word_embeddings: false }, other, tokens)).not.toEqual(
      referenceLogits(qwen2, weights, tokens),
    );
  });

  it("says what it cannot do", () => {
    const weights = randomWeights(llama, 1);
    const { "lm_head.weight": head, ...headless } = weights;
    const run = (config: HfConfig, w: Weights = weights, list = tokens) => referenceLogits(config, w, list);
    expect(() => run(llama, headless)).toThrow("The weights have no lm_head.weight.");
    expect(() => run(llama, { ...weights, extra: head })).toThrow("A llama has no extra.");
    expect(() => run(llama, { ...weights, "lm_head.weight": { ...head, shape: [16, 11] } })).toThrow(
      "lm_head.weight is [16,11] of 176 numbers, not [11,16].",
    );
    expect(() => run(llama, weights, [11])).toThrow("There is no token 11.");
    expect(() => run({ ...llama, hidden_act: "mish" })).toThrow("The reference has no activation mish.");
    expect(() => run({ ...llama, rope_scaling: { rope_type: "yarn" } })).toThrow(
      "The reference has no rope scaling yarn.",
    );
    expect(() => run({ ...llama, sliding_window: 4 })).toThrow("The reference has no sliding window, which is 4.");
    expect(run({ ...llama, rope_theta: undefined })).toEqual(run(llama)); // Llama's is 10000
    const without: HfConfig = { ...configs.qwen3, rope_theta: undefined };
    expect(() => run(without, randomWeights(configs.qwen3, 1))).toThrow("The config of qwen3 has no rope_theta.");
  });
});
