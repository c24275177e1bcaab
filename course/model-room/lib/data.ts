// What the training script can learn from: the seeded generator, or text files.
import {
  documentSamples,
  documentTexts,
  type Encoder,
  HELD_OUT,
  type Sample,
  type Samples,
  windowsOf,
} from "worldsize/data";
import { modelSpecialTokens, type Tokenizer, trainTokenizer } from "worldsize/models";

/** What a model is trained on and measured by. */
export interface Corpus {
  readonly tokenizer: Tokenizer;
  readonly train: Samples;
  /** Never trained on. */
  readonly heldOut: readonly Sample[];
  /** Bytes of text for each token that is predicted, for bits per byte. */
  readonly bytesPerToken: number;
}

/** Numbers of a corpus. */
export interface CorpusOptions {
  readonly seed: number;
  readonly vocabulary: number;
  readonly context: number;
  /** Documents that the tokenizer is trained on. */
  readonly texts: number;
  /** Documents, or windows of text, for evaluation. */
  readonly held: number;
  /** Short documents that come first. */
  readonly short: number;
  /** Share of the later ones that fill the whole context. */
  readonly long: number;
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
function trainOn(documents: readonly string[], vocabularySize: number): Tokenizer {
  return trainTokenizer({ documents, vocabularySize, specialTokens: modelSpecialTokens, pattern: "qwen2" });
}

/** Stories and tasks, made as they are needed. @param known a tokenizer, if there is one. */
export function storyCorpus(options: CorpusOptions, known?: Tokenizer): Corpus {
  const { seed, context, short, long, held } = options;
  const tokenizer = known ?? trainOn(documentTexts(seed, options.texts), options.vocabulary);
  const encoder = encoderOf(tokenizer);
  const longest = context + 1;
  const kept = documentSamples(encoder, { seed: HELD_OUT + seed, longest, count: held });
  const heldOut = Array.from({ length: held }, (_, i) => kept.get(i));
  return {
    tokenizer,
    train: documentSamples(encoder, { seed, longest, short, long }),
    ...measured(heldOut, tokenizer),
  };
}

/**
 * Documents cut into windows of the context; one in twenty is held out, by its place. Of a single document it is one
 * window in twenty. @throws Error for a text of one window: nothing would be left to measure by.
 */
export function textCorpus(documents: readonly string[], options: CorpusOptions, known?: Tokenizer): Corpus {
  const tokenizer = known ?? trainOn(documents, options.vocabulary);
  const encoder = encoderOf(tokenizer);
  const whole = documents.map((text) => windowsOf(encoder.encode(text), options.context + 1, encoder));
  const windows = whole.length > 1 ? whole : whole[0].map((window) => [window]);
  if (windows.length < 2)
    throw new Error("The text is too short to hold some of it out. Give more text, or a smaller --context.");
  const train = windows.flatMap((list, i) => (i % 20 === 0 ? [] : list));
  const heldOut = windows.flatMap((list, i) => (i % 20 === 0 ? list : [])).slice(0, options.held);
  const samples = { count: train.length, get: (index: number) => train[index] };
  return { tokenizer, train: samples, ...measured(heldOut, tokenizer) };
}

function measured(heldOut: readonly Sample[], tokenizer: Tokenizer): Pick<Corpus, "heldOut" | "bytesPerToken"> {
  const specials = new Set(tokenizer.specialTokens.values());
  let bytes = 0;
  let predicted = 0;
  for (const { ids, weights } of heldOut) {
    for (const [i, id] of ids.entries()) {
      if (weights[i] === 0) continue;
      predicted += weights[i];
      if (!specials.has(id)) bytes += weights[i] * tokenizer.tokenBytes(id).length;
    }
  }
  return { heldOut, bytesPerToken: bytes / Math.max(1, predicted) };
}
