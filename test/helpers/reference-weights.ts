/**
 * What a checkpoint of GPT-2, Llama, Qwen2, Qwen3 or Mixtral holds, for tests: names and shapes as transformers saves
 * them, random weights for any config, and a reader that refuses what does not belong. Nothing of src/ is used: this is
 * the other side that our own loader is compared with. The mathematics is in reference-decoder.ts.
 */

/** A tensor of a checkpoint. */
export interface Stored {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}
export type Weights = Readonly<Record<string, Stored>>;

/** The fields of config.json that count here. GPT-2 has names of its own. */
export interface HfConfig {
  readonly model_type: "gpt2" | "llama" | "qwen2" | "qwen3" | "mixtral";
  readonly vocab_size: number;
  readonly tie_word_embeddings?: boolean;
  // GPT-2
  readonly n_embd?: number;
  readonly n_layer?: number;
  readonly n_head?: number;
  readonly n_inner?: number | null;
  readonly n_positions?: number;
  readonly layer_norm_epsilon?: number;
  readonly activation_function?: string;
  readonly scale_attn_weights?: boolean;
  readonly scale_attn_by_inverse_layer_idx?: boolean;
  // The others
  readonly hidden_size?: number;
  readonly intermediate_size?: number;
  readonly num_hidden_layers?: number;
  readonly num_attention_heads?: number;
  readonly num_key_value_heads?: number;
  readonly head_dim?: number | null;
  readonly rms_norm_eps?: number;
  readonly hidden_act?: string;
  readonly attention_bias?: boolean;
  readonly mlp_bias?: boolean;
  readonly rope_theta?: number;
  readonly rope_scaling?: RopeScaling | null;
  readonly rope_parameters?: (RopeScaling & { readonly rope_theta?: number }) | null;
  readonly sliding_window?: number | null;
  readonly use_sliding_window?: boolean;
  readonly num_local_experts?: number;
  readonly num_experts_per_tok?: number;
}

/** How positions beyond those of training are read. */
export interface RopeScaling {
  readonly rope_type?: string;
  readonly type?: string;
  readonly factor?: number;
  readonly low_freq_factor?: number;
  readonly high_freq_factor?: number;
  readonly original_max_position_embeddings?: number;
}

export type Row = Float64Array;

/** The sizes that both kinds of config tell. @throws Error for a field that is missing. */
export function sizesOf(config: HfConfig) {
  const need = (name: keyof HfConfig): number => {
    if (typeof config[name] === "number") return config[name];
    throw new Error(`The config of ${config.model_type} has no ${name}.`);
  };
  if (config.model_type === "gpt2") {
    const [width, heads] = [need("n_embd"), need("n_head")];
    const inner = config.n_inner ?? 4 * width;
    return { width, heads, kvHeads: heads, dim: width / heads, inner, layers: need("n_layer") };
  }
  const [width, heads] = [need("hidden_size"), need("num_attention_heads")];
  const kvHeads = config.num_key_value_heads ?? (config.model_type === "llama" ? heads : need("num_key_value_heads"));
  const dim = config.head_dim ?? (config.model_type === "qwen3" ? 128 : width / heads); // as Qwen3Config has it
  return { width, heads, kvHeads, dim, inner: need("intermediate_size"), layers: need("num_hidden_layers") };
}

/** Whether the head is the embedding: what each family's config means when it does not say. */
const tied = (config: HfConfig): boolean => config.tie_word_embeddings ?? config.model_type === "gpt2";

/** Radians per position of each pair of a head: dim / 2 of them, stretched as Llama 3.1 has it if the config says so. */
export function inverseFrequencies(config: HfConfig): number[] {
  const { dim } = sizesOf(config);
  const scaling = config.rope_parameters ?? config.rope_scaling ?? {};
  const theta =
    config.rope_parameters?.rope_theta ?? config.rope_theta ?? (config.model_type === "llama" ? 1e4 : Number.NaN);
  if (!(theta > 0)) throw new Error(`The config of ${config.model_type} has no rope_theta.`);
  const plain = Array.from({ length: dim / 2 }, (_, i) => 1 / theta ** ((2 * i) / dim));
  const type = scaling.rope_type ?? scaling.type ?? "default";
  if (type === "default") return plain;
  if (type !== "llama3") throw new Error(`The reference has no rope scaling ${type}.`);
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: context } = scaling;
  if (!factor || !low || !high || !context) throw new Error("llama3 rope scaling lacks a field.");
  return plain.map((frequency) => {
    const wavelength = (2 * Math.PI) / frequency;
    if (wavelength < context / high) return frequency;
    if (wavelength > context / low) return frequency / factor;
    const smooth = (context / wavelength - low) / (high - low);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

/** Every tensor of a checkpoint, [name, shape], as transformers saves it; the head only if it is not tied. */
export function tensorsOf(config: HfConfig): [name: string, shape: readonly number[]][] {
  const { width, heads, kvHeads, dim, inner, layers } = sizesOf(config);
  const { model_type: family, vocab_size: vocab } = config;
  const list: [string, readonly number[]][] = [];
  const add = (name: string, ...shape: number[]) => list.push([name, shape]);
  const linear = (name: string, out: number, into: number, bias: boolean) => {
    add(`${name}.weight`, out, into);
    if (bias) add(`${name}.bias`, out);
  };
  if (family === "gpt2") {
    const pair = (name: string, ...shape: number[]) => {
      add(`${name}.weight`, ...shape);
      add(`${name}.bias`, shape[shape.length - 1]);
    };
    add("transformer.wte.weight", vocab, width);
    add("transformer.wpe.weight", config.n_positions ?? 1024, width);
    for (let i = 0; i < layers; i++) {
      const layer = `transformer.h.${i}`;
      pair(`${layer}.ln_1`, width);
      pair(`${layer}.attn.c_attn`, width, 3 * width); // [in, out]: GPT-2 has Conv1D where others have Linear
      pair(`${layer}.attn.c_proj`, width, width);
      pair(`${layer}.ln_2`, width);
      pair(`${layer}.mlp.c_fc`, width, inner);
      pair(`${layer}.mlp.c_proj`, inner, width);
    }
    pair("transformer.ln_f", width);
  } else {
    const withBias = family === "qwen2" || (family !== "mixtral" && config.attention_bias === true);
    add("model.embed_tokens.weight", vocab, width);
    for (let i = 0; i < layers; i++) {
      const layer = `model.layers.${i}`;
      linear(`${layer}.self_attn.q_proj`, heads * dim, width, withBias);
      linear(`${layer}.self_attn.k_proj`, kvHeads * dim, width, withBias);
      linear(`${layer}.self_attn.v_proj`, kvHeads * dim, width, withBias);
      linear(`${layer}.self_attn.o_proj`, width, heads * dim, withBias && family !== "qwen2");
      if (family === "qwen3") for (const part of ["q", "k"]) add(`${layer}.self_attn.${part}_norm.weight`, dim);
      add(`${layer}.input_layernorm.weight`, width);
      add(`${layer}.post_attention_layernorm.weight`, width);
      if (family === "mixtral") {
        const moe = `${layer}.block_sparse_moe`;
        linear(`${moe}.gate`, config.num_local_experts ?? 8, width, false);
        for (let expert = 0; expert < (config.num_local_experts ?? 8); expert++) {
          linear(`${moe}.experts.${expert}.w1`, inner, width, false);
          linear(`${moe}.experts.${expert}.w2`, width, inner, false);
          linear(`${moe}.experts.${expert}.w3`, inner, width, false);
        }
      } else {
        const bias = family === "llama" && config.mlp_bias === true;
        linear(`${layer}.mlp.gate_proj`, inner, width, bias);
        linear(`${layer}.mlp.up_proj`, inner, width, bias);
        linear(`${layer}.mlp.down_proj`, width, inner, bias);
      }
    }
    add("model.norm.weight", width);
  }
  if (!tied(config)) add("lm_head.weight", vocab, width);
  return list;
}

/** f32 weights for a config: norms around 1, biases around 0, the rest so wide that every part of the model counts. */
export function randomWeights(config: HfConfig, seed: number): Record<string, Stored & { data: Float32Array }> {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32) * 2 - 1;
  };
  const made = tensorsOf(config).map(([name, shape]) => {
    const centre = shape.length === 1 && name.endsWith(".weight") ? 1 : 0;
    const reach = shape.length === 1 ? 0.3 : name.includes("gate.weight") ? 1 : 2 / Math.sqrt(shape[1]);
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => centre + reach * uniform());
    return [name, { shape, data }] as const;
  });
  return Object.fromEntries(made);
}

/** A tensor by name; its rows are along the last axis. */
export type Take = (name: string) => Row[];

/** Checks names, shapes and sizes. @throws Error for a tensor that is missing, misshapen, or not of this model. */
export function reader(config: HfConfig, weights: Weights): Take {
  const wanted = tensorsOf(config);
  const embedding = wanted[0][0];
  const rows = new Map<string, Row[]>();
  for (const [name, shape] of wanted) {
    const stored = weights[name];
    if (!stored) throw new Error(`The weights have no ${name}.`);
    const cols = shape[shape.length - 1];
    const size = shape.reduce((a, b) => a * b, 1);
    if (String(stored.shape) !== String(shape) || stored.data.length !== size)
      throw new Error(`${name} is [${stored.shape}] of ${stored.data.length} numbers, not [${shape}].`);
    const all = Float64Array.from(stored.data);
    rows.set(
      name,
      Array.from({ length: size / cols }, (_, i) => all.subarray(i * cols, (i + 1) * cols)),
    );
  }
  for (const name of Object.keys(weights)) {
    if (rows.has(name)) continue;
    // A tied head that is saved all the same is the embedding once more.
    if (name !== "lm_head.weight") throw new Error(`A ${config.model_type} has no ${name}.`);
    const [head, table] = [weights[name].data, weights[embedding].data];
    for (let i = 0; i < table.length; i++)
      if (head[i] !== table[i]) throw new Error("lm_head.weight is not the embedding, but the config ties them.");
  }
  return (name) => {
    const found = rows.get(name) ?? (name === "lm_head.weight" ? rows.get(embedding) : undefined);
    if (!found) throw new Error(`The reference asked for ${name}, which it does not list.`);
    return found;
  };
}
