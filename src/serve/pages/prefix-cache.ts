/**
 * What is asked of a cache of prefixes: it keeps whole pages of tokens that were computed, finds the longest prefix of a
 * new request among them, and gives pages up when they are needed. It never gives up a page that a sequence holds.
 */

/** Is told of a page that the cache gave up. @param tokens from the beginning of the prefix to the page's end. */
export type Evicted = (page: number, tokens: readonly number[]) => void;

/** Pages by the tokens that they stand for, from the beginning of a sequence. */
export interface PrefixCache {
  /**
   * Pages of the longest prefix that is kept. They count as used now; whoever wants them holds them at once.
   * @param most tokens that may come from the cache: of a prompt, all but the last, which has to be run for its logits.
   */
  find(tokens: readonly number[], most: number): readonly number[];
  /**
   * Keeps whole pages that were computed for these tokens, from the first one on.
   * @param pages that a sequence holds, in their order. @returns as many: where the cache had pages for the same tokens,
   *   those, which the sequence then names in place of its own.
   */
  keep(tokens: readonly number[], pages: readonly number[]): readonly number[];
  /** Gives up pages, the least recently used first. @returns how many became free: fewer than `count` if sequences hold the rest. */
  evict(count: number, onEvict?: Evicted): number;
  /** All pages that it has, in no order. */
  pages(): Iterable<number>;
}

/** A cache that keeps nothing. */
export const noCache: PrefixCache = {
  find: () => [],
  keep: (_, pages) => pages,
  evict: () => 0,
  pages: () => [],
};
