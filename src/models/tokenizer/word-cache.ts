/**
 * Tokens of words that were seen before, within a bound: two generations of maps. What is used moves to the young one; when
 * that is full it becomes the old one, and what the old one still held is dropped.
 */
import { ownCopy } from "./bytes.ts";

/** Words longer than this, in UTF-16 units, are not kept: they rarely come back. */
const LONGEST = 64;

/** A cache of words; see the file. */
export class WordCache {
  readonly #most: number;
  #young = new Map<string, readonly number[]>();
  #old = new Map<string, readonly number[]>();

  /** @param most words that are kept at once, 0 for none. */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many words are kept now. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The tokens of a word, or undefined. */
  get(word: string): readonly number[] | undefined {
    const ids = this.#young.get(word);
    if (ids) return ids;
    const before = this.#old.get(word);
    if (before) {
      this.#old.delete(word);
      this.#add(word, before);
    }
    return before;
  }

  /** Keeps the tokens of a word. */
  set(word: string, ids: readonly number[]): void {
    if (word.length <= LONGEST && this.#most > 1) this.#add(ownCopy(word), ids);
  }

  #add(word: string, ids: readonly number[]): void {
    if (this.#young.size >= this.#most >> 1) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(word, ids);
  }
}
