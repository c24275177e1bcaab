/**
 * The first half of training: how often each word occurs. Counting a document depends on that document alone and counts
 * add up, so any number of workers can count any pieces in any order (`cutDocument` cuts long ones) with the same result.
 */
import { ownCopy, refuseHalves } from "./bytes.ts";
import { isPatternName, type PatternName, patterns } from "./patterns.ts";
import { tokenFinder } from "./special.ts";
import { WordSplitter } from "./words.ts";

/** How often each word occurs; a plain Map, so that a worker can post it. */
export type WordCounts = Map<string, number>;

/** How words are found. */
export interface CountOptions {
  /** The pattern that cuts words; default `cl100k`. */
  readonly pattern?: PatternName;
  /** Strings that are no words: words end before them and begin after them. */
  readonly specialTokens?: readonly string[];
}

/**
 * Counts the words of documents. Words never cross from one document to the next.
 * @param documents strings, each without lone surrogates.
 * @returns counts of words, special tokens left out.
 * @throws RangeError for an unknown pattern, for a document that is not a string, or that has half a character.
 */
export function countWords(documents: Iterable<string>, options: CountOptions = {}): WordCounts {
  const splitter = new WordSplitter(checkedPattern(options.pattern));
  const finder = tokenFinder(options.specialTokens ?? []);
  const counts: WordCounts = new Map();
  let number = 0;
  for (const document of documents) {
    const what = `document ${number++}`;
    if (typeof document !== "string")
      throw new RangeError(`${what} is ${document === null ? "null" : typeof document}, expected a string`);
    refuseHalves(document, what);
    for (const { text } of finder.split(document)) {
      if (text === undefined) continue;
      for (const word of splitter.split(text)) {
        const count = counts.get(word);
        if (count === undefined) counts.set(ownCopy(word), 1);
        else counts.set(word, count + 1);
      }
    }
  }
  return counts;
}

/** Adds up counts of several pieces, in any order. */
export function mergeCounts(parts: Iterable<ReadonlyMap<string, number>>): WordCounts {
  const sum: WordCounts = new Map();
  for (const part of parts) for (const [word, count] of part) sum.set(word, (sum.get(word) ?? 0) + count);
  return sum;
}

/** The pattern's name, or the default. */
export function checkedPattern(pattern: PatternName = "cl100k"): PatternName {
  if (isPatternName(pattern)) return pattern;
  throw new RangeError(`pattern is ${JSON.stringify(pattern)}, expected one of ${Object.keys(patterns).join(", ")}`);
}
