/** What a decoder is made like: one plain object for the shapes of GPT-2, Llama, Qwen2, Qwen3 and Mixtral. */

import type { MoeOptions } from "../nn/index.ts";

/** Families whose configuration and names of tensors are known. */
export type Family = "gpt2" | "llama" | "qwen2" | "qwen3" | "mixtral";

/** Llama 3's way to read positions beyond those that it was trained on. */
export interface RopeScaling {
  readonly type: "llama3";
  readonly factor: number;
  readonly lowFreqFactor: number;
  readonly highFreqFactor: number;
  readonly originalMaxPositions: number;
}

/** A decoder's form. */
export interface DecoderConfig {
  readonly family: Family;
  readonly vocabularySize: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Hidden width of an MLP, or of one expert. */
  readonly ffnWidth: number;
  readonly activation: "silu" | "gelu_tanh";
  readonly norm: "rms" | "layer";
  readonly normEps: number;
  readonly positions: "learned" | "rope";
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling;
  readonly maxPositions: number;
  /** Whether the output projection is the embedding. */
  readonly tied: boolean;
  /** Biases of q, k and v. */
  readonly attentionBias: boolean;
  /** Bias of the attention's output projection. */
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  readonly qkNorm: boolean;
  /** 0: a plain MLP. */
  readonly experts: number;
  readonly expertsPerToken: number;
  /** Whether the weights of the chosen experts are made to add up to 1. */
  readonly normalizeTopK: boolean;
  /** How experts are kept busy in training, and what they take at most; nothing of it changes a trained model. */
  readonly mixture?: Pick<MoeOptions, "capacity" | "auxiliary" | "zLoss" | "biased">;
  /** Standard deviation of the first values. */
  readonly initializerRange: number;
}
