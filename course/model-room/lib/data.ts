// What the training script can learn from: the seeded generator, or text files.
import { documentSamples, documentTexts, type Encoder, HELD_OUT, type Samples } from "worldsize/data";
import { modelSpecialTokens, type Tokenizer, trainTokenizer } from "worldsize/models";

/** What a model is trained on and measured by. */
export interface Corpus {
  readonly tokenizer: Tokenizer;
  readonly train: Samples;
  /** Never trained on. */
  readonly heldOut: Samples;
  /** Bytes of text for each token, for bits per byte. */
  readonly bytesPerToken: number;
}

/** A tokenizer as samples are made with. */
export function encoderOf(tokenizer: Tokenizer): Encoder {
  const id = (name: string): number => tokenizer.specialId(`<|${name}|>`);
  return {
    encode: (text) => tokenizer.encode(text),
    bos: id("bos"),
    eos: id("eos"),
    user: id("user"),
    assistant: id("assistant"),
  };
}

/** A tokenizer trained on documents; digits stand alone, so that sums can be learned. */
export function trainOn(documents: readonly string[], vocabularySize: number): Tokenizer {
  return trainTokenizer({ documents, vocabularySize, specialTokens: modelSpecialTokens, pattern: "qwen2" });
}

/** Numbers of a corpus of stories. */
export interface StoryOptions {
  readonly vocabulary: number;
  readonly context: number;
  /** Documents that the tokenizer is trained on. */
  readonly texts: number;
  /** Documents for evaluation. */
  readonly held: number;
  /** Short documents that come first. */
  readonly short: number;
}

/** Stories and tasks, made as they are needed. */
export function storyCorpus(
  seed: number,
  { vocabulary, context, texts: count, held, short }: StoryOptions,
  known?: Tokenizer,
): Corpus {
  const texts = documentTexts(seed, count);
  const tokenizer = known ?? trainOn(texts, vocabulary);
  const encoder = encoderOf(tokenizer);
  return {
    tokenizer,
    train: documentSamples(encoder, { seed, longest: context + 1, short }),
    heldOut: documentSamples(encoder, { seed: HELD_OUT + seed, longest: context + 1, count: held }),
    bytesPerToken: bytesPerToken(tokenizer, texts.slice(0, 400)),
  };
}

function bytesPerToken(tokenizer: Tokenizer, texts: readonly string[]): number {
  const bytes = texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0);
  return bytes / texts.reduce((sum, text) => sum + tokenizer.encode(text).length, 0);
}
