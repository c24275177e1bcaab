/** llama.cpp where node-llama-cpp is installed, and small models of every family with random weights for it. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { missingPeer } from "../../src/cli/bench/peers.ts";
import type { DecoderConfig, TokenizerSpec } from "../../src/models/index.ts";
import { trainTokenizer } from "../../src/models/index.ts";

/** Why llama.cpp cannot be asked, or undefined. */
export const withoutLlama = missingPeer("node-llama-cpp");

const driver = fileURLToPath(new URL("../../bench/peers/llama_decode.mjs", import.meta.url));

/** Runs the driver on a file. @throws Error with llama.cpp's words when it refuses the file. */
export function askLlama<T>(mode: "logits" | "greedy" | "tokens", file: string, args: readonly (string | number)[]): T {
  return JSON.parse(
    execFileSync(process.execPath, [driver, mode, file, ...args.map(String)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 2 ** 28,
    }),
  ) as T;
}

const llama: DecoderConfig = {
  family: "llama",
  vocabularySize: 300,
  width: 64,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  ffnWidth: 96,
  activation: "silu",
  norm: "rms",
  normEps: 1e-5,
  positions: "rope",
  ropeTheta: 10_000,
  maxPositions: 64,
  tied: false,
  attentionBias: false,
  outputBias: false,
  mlpBias: false,
  qkNorm: false,
  experts: 0,
  expertsPerToken: 0,
  normalizeTopK: true,
  initializerRange: 0.2,
};

/** One form for each architecture, and for what is told of it in a way of its own. */
export const forms = {
  gpt2: {
    ...llama,
    family: "gpt2",
    kvHeads: 4,
    activation: "gelu_tanh",
    norm: "layer",
    positions: "learned",
    tied: true,
    attentionBias: true,
    outputBias: true,
    mlpBias: true,
  },
  llama,
  llama3: {
    ...llama,
    tied: true,
    headDim: 32,
    ropeTheta: 100,
    ropeScaling: { type: "llama3", factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 40 },
  },
  llamaWithBias: { ...llama, attentionBias: true, outputBias: true, mlpBias: true },
  qwen2: { ...llama, family: "qwen2", attentionBias: true, tied: true, ropeTheta: 1_000_000 },
  qwen3: { ...llama, family: "qwen3", qkNorm: true, headDim: 32, normEps: 1e-6 },
  mixtral: { ...llama, family: "mixtral", experts: 4, expertsPerToken: 2 },
} as const satisfies Record<string, DecoderConfig>;

/** A tokenizer of 280 tokens and one special. */
export function smallTokenizer(pattern: TokenizerSpec["pattern"]): TokenizerSpec {
  const text = "the cat sat on the mat, and the dog's hat was 1234 there; there they'll be. ".repeat(4);
  return trainTokenizer({ documents: [text], vocabularySize: 281, pattern, specialTokens: ["<|endoftext|>"] }).spec;
}
