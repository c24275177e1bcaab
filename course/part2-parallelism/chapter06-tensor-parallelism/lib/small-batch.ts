// A step of a small language model on real text: samples of the course's generator, a model, and what counts in the loss.
import { documentSamples, documentTexts, packSamples, type Sample } from "worldsize/data";
import { type DecoderConfig, llamaShape, modelSpecialTokens, trainTokenizer } from "worldsize/models";
import type { HostBatch } from "worldsize/parallel";

/** Samples of a step, and the form of a model that reads them. */
export interface SmallStep {
  readonly samples: readonly Sample[];
  readonly config: DecoderConfig;
}

/**
 * The first samples of the generator, at most `longest` tokens each. Two heads of keys serve four heads of queries.
 * @param experts in place of an MLP, of which each token goes to two; none if not given.
 */
export function smallStep(count: number, longest: number, layers: number, experts = 0): SmallStep {
  const documents = documentTexts(1, 40);
  const tokenizer = trainTokenizer({
    ...{ documents, vocabularySize: 271, specialTokens: modelSpecialTokens, pattern: "qwen2" },
  });
  const id = (name: string): number => tokenizer.specialId(`<|${name}|>`);
  const encoder = {
    encode: (text: string) => tokenizer.encode(text),
    ...{ bos: id("bos"), eos: id("eos"), user: id("user"), assistant: id("assistant") },
  };
  const all = documentSamples(encoder, { seed: 1, longest, count });
  const samples = Array.from({ length: count }, (_, i) => all.get(i));
  const config = llamaShape({
    ...{ vocabularySize: 271, width: 24, layers, heads: 4, kvHeads: 2, headDim: 6, ffnWidth: 48, tied: false },
    ...{ maxPositions: longest, initializerRange: 0.1 },
    ...(experts > 0 ? { experts, expertsPerToken: Math.min(2, experts), normalizeTopK: experts > 1 } : {}),
  });
  return { samples, config };
}

/** Samples, one after the other, as a batch on the host. */
export function batchOf(samples: readonly Sample[]): HostBatch {
  const { tokens, targets, weights, positions, starts } = packSamples(samples);
  return { tokens, targets, weights, positions, starts };
}

/** What counts in the loss of samples, over all tokens. */
export function countOf(samples: readonly Sample[]): number {
  return packSamples(samples).weight;
}
