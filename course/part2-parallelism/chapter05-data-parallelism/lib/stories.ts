// What the chapter's scripts train: a small decoder on the generator's stories, and the loss of some of them.
import { crossEntropy, type Tensor } from "worldsize";
import { documentSamples, documentTexts, packSamples, type Sample } from "worldsize/data";
import { type Decoder, type DecoderConfig, llamaShape, modelSpecialTokens, trainTokenizer } from "worldsize/models";

/** Heads of attention; each rotates pairs, so a width is a multiple of twice as many. */
const HEADS = 4;

/** What is wrong with a model's width, as a sentence. */
export function checkWidth(width: number): string | undefined {
  const part = 2 * HEADS;
  if (width % part === 0) return undefined;
  const below = Math.floor(width / part) * part;
  return `--width ${width} does not fit ${HEADS} heads of even width: give ${below} or ${below + part}.`;
}

/** Stories as tokens, cut after so many of them, and the form of a model for them. */
export interface Stories {
  readonly config: DecoderConfig;
  /** The stories of a step, of all ranks. They have different lengths. */
  step(step: number): Sample[];
}

/** Numbers of the model and of its steps. */
export interface StoriesOptions {
  readonly layers: number;
  readonly width: number;
  /** Most tokens of a story. */
  readonly tokens: number;
  /** Stories of a step, over all ranks. */
  readonly stories: number;
}

/** Every rank makes the same stories, whose tokens are bytes. */
export function makeStories({ layers, width, tokens, stories }: StoriesOptions): Stories {
  const tokenizer = trainTokenizer({
    documents: documentTexts(0, 1),
    vocabularySize: 262, // 256 bytes and six special tokens: nothing to learn
    specialTokens: modelSpecialTokens,
    pattern: "qwen2",
  });
  const id = (name: string): number => tokenizer.specialId(`<|${name}|>`);
  const encoder = {
    encode: (text: string) => tokenizer.encode(text),
    ...{ bos: id("bos"), eos: id("eos"), user: id("user"), assistant: id("assistant") },
  };
  const samples = documentSamples(encoder, { seed: 0, longest: tokens + 1 });
  const { vocabularySize } = tokenizer;
  return {
    config: llamaShape({ vocabularySize, layers, width, heads: HEADS, ffnWidth: 3 * width, maxPositions: tokens }),
    step: (step) => Array.from({ length: stories }, (_, i) => samples.get(step * stories + i)),
  };
}

/** How many predictions count in the loss of some stories. */
export function countOf(samples: readonly Sample[]): number {
  return packSamples(samples).weight;
}

/** The sum of the losses of some stories: f32, one number. */
export function lossSum(model: Decoder, samples: readonly Sample[]): Tensor {
  const { device } = model;
  const { tokens, positions, starts, targets, weights } = packSamples(samples);
  const i32 = (values: Int32Array): Tensor => device.from(values, [values.length], "i32");
  const batch = { tokens: i32(tokens), positions: i32(positions), starts: i32(starts) };
  const weight = device.from(weights, [weights.length]);
  return crossEntropy(model.call(batch), i32(targets), { weight, inPlace: true }).sum;
}

/** A list in so many parts, as equal as can be; some are empty if there are fewer elements than parts. */
export function partsOf<T>(list: readonly T[], parts: number): T[][] {
  return Array.from({ length: parts }, (_, part) => list.filter((_, i) => i % parts === part));
}
