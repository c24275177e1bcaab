// A small decoder with a mixture in each block, and the text of the course's generator that it reads.
import { documentSamples, documentTexts, packSamples, type Sample } from "worldsize/data";
import { type DecoderConfig, llamaShape, modelSpecialTokens, trainTokenizer } from "worldsize/models";
import type { HostBatch } from "worldsize/parallel";

/** Numbers of the model and of what it reads. */
export interface MixtureTextOptions {
  readonly experts: number;
  readonly perToken: number;
  readonly layers?: number;
  readonly width?: number;
  /** Hidden width of an expert. */
  readonly hidden: number;
  /** Most tokens of a story. */
  readonly longest: number;
  readonly mixture?: DecoderConfig["mixture"];
}

/** A model's form, and stories as tokens. */
export interface MixtureText {
  readonly config: DecoderConfig;
  /** So many stories, the same on every rank. */
  stories(from: number, count: number): Sample[];
  /** A token in print. */
  textOf(token: number): string;
}

/** Tokens are bytes: every rank makes the same without being told. */
export function mixtureText(options: MixtureTextOptions): MixtureText {
  const { experts, perToken, layers = 1, width = 32, hidden, longest, mixture } = options;
  const tokenizer = trainTokenizer({
    documents: documentTexts(0, 1),
    vocabularySize: 262, // 256 bytes and six special tokens: nothing to learn
    ...{ specialTokens: modelSpecialTokens, pattern: "qwen2" },
  });
  const id = (name: string): number => tokenizer.specialId(`<|${name}|>`);
  const special = { bos: id("bos"), eos: id("eos"), user: id("user"), assistant: id("assistant") };
  const samples = documentSamples(
    { encode: (text: string) => tokenizer.encode(text), ...special },
    { seed: 0, longest: longest + 1 },
  );
  const config = llamaShape({
    ...{ vocabularySize: tokenizer.vocabularySize, layers, width, heads: 4, ffnWidth: hidden, maxPositions: longest },
    initializerRange: 0.1,
    // With one expert for each token its weight must be able to change: it is a share among all experts.
    ...{ experts, expertsPerToken: perToken, normalizeTopK: perToken > 1 || experts === 1, mixture },
  });
  return {
    config,
    stories: (from, count) => Array.from({ length: count }, (_, i) => samples.get(from + i)),
    textOf: (token) => tokenizer.decode([token]).replace(/\s/, "␣") || "·",
  };
}

/** Stories, one after the other, as a batch on the host. */
export function batchOf(samples: readonly Sample[]): HostBatch {
  const { tokens, targets, weights, positions, starts } = packSamples(samples);
  return { tokens, targets, weights, positions, starts };
}

/** A default of experts: at least so many, and a multiple of the ranks. */
export function expertsFor(ranks: number, atLeast: number): number {
  return ranks * Math.ceil(atLeast / ranks);
}
