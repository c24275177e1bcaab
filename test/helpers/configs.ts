/** One small config for each family of decoder, with all that is its own: what tests of models go through. */
import type { HfConfig } from "./reference-weights.ts";

const llama = {
  vocab_size: 11,
  hidden_size: 16,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  hidden_act: "silu",
} as const;

export const configs = {
  gpt2: {
    model_type: "gpt2",
    vocab_size: 11,
    n_embd: 8,
    n_layer: 2,
    n_head: 2,
    n_positions: 16,
    layer_norm_epsilon: 1e-5,
    activation_function: "gelu_new",
  },
  llama: { ...llama, model_type: "llama", tie_word_embeddings: false },
  // Wavelengths of head_dim 6 are 6.3, 29 and 135 positions: one of each kind, with boundaries at 10 and 40.
  llama3: {
    ...llama,
    model_type: "llama",
    tie_word_embeddings: true,
    head_dim: 6,
    rope_theta: 100,
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 40,
    },
  },
  llamaWithBias: { ...llama, model_type: "llama", attention_bias: true, mlp_bias: true },
  qwen2: { ...llama, model_type: "qwen2", rope_theta: 1_000_000, tie_word_embeddings: true },
  qwen3: { ...llama, model_type: "qwen3", head_dim: 6, rope_theta: 1_000_000, rms_norm_eps: 1e-6 },
  mixtral: { ...llama, model_type: "mixtral", num_local_experts: 4, num_experts_per_tok: 2, rope_theta: 1_000_000 },
} as const satisfies Record<string, HfConfig>;
