/** The pages of sequences: taken, shared, copied before they are written, kept for others, given back. */
import type { PagePool } from "../pages/pool.ts";
import type { PrefixCache } from "../pages/prefix-cache.ts";
import { pagesNeeded } from "./scheduler.ts";
import type { Sequence } from "./sequence.ts";

/** A page that the cache gave up. */
export interface EvictedPage {
  readonly page: number;
  /** From the beginning of the prefix to the page's end. */
  readonly tokens: readonly number[];
}

/** What an engine does with a pool and a cache; no other code of it moves pages. */
export class SequencePages {
  readonly #pool: PagePool;
  readonly #cache: PrefixCache;
  /** Since it was asked for last; undefined where nobody asks. */
  #evicted: EvictedPage[] | undefined;
  #evictions = 0;

  /** @param watched whether somebody will ask for what was evicted. */
  constructor(pool: PagePool, cache: PrefixCache, watched: boolean) {
    this.#pool = pool;
    this.#cache = cache;
    this.#evicted = watched ? [] : undefined;
  }

  /** Pages that the cache has given up so far. */
  get evictions(): number {
    return this.#evictions;
  }

  /** A sequence begins with pages that were found for it. */
  begin(sequence: Sequence, found: readonly number[]): void {
    this.hold(found);
    sequence.begin(found, this.#pool.pageSize);
  }

  /** One more holds these pages. */
  hold(pages: readonly number[]): void {
    for (const page of pages) this.#pool.hold(page);
  }

  /**
   * A sequence gets the pages for so many more tokens. One that others would see it write into is copied first.
   * @param copies gets [from, to] then.
   */
  extend(sequence: Sequence, count: number, copies: [number, number][]): void {
    const pool = this.#pool;
    const need = pagesNeeded(pool, sequence, count);
    if (need === 0) return;
    this.#makeRoom(need);
    const { computed, table } = sequence;
    const last = table.length - 1;
    if (computed % pool.pageSize > 0 && pool.isShared(table[last])) {
      const [old, page] = [table[last], pool.take()];
      copies.push([old, page]);
      sequence.replacePage(last, page);
      pool.release(old);
    }
    while (table.length < pool.pagesFor(computed + count)) sequence.addPage(pool.take());
  }

  /** So many pages for somebody, which hold nothing yet. */
  take(count: number): number[] {
    this.#makeRoom(count);
    return Array.from({ length: count }, () => this.#pool.take());
  }

  /** Keeps a sequence's whole pages in the cache; where that has others for the same tokens, they take the place of its own. */
  keep(sequence: Sequence): void {
    if (sequence.request.cache === false) return;
    const pool = this.#pool;
    const own = sequence.table.slice(0, Math.floor(sequence.computed / pool.pageSize));
    const kept = this.#cache.keep(sequence.tokens, own);
    for (let i = 0; i < own.length; i++) {
      if (kept[i] === own[i]) continue;
      pool.hold(kept[i]);
      pool.release(own[i]);
      sequence.replacePage(i, kept[i]);
    }
  }

  /** Gives pages back, from the last one on, so that the beginning of a prefix is the last to go. */
  release(pages: readonly number[]): void {
    for (let i = pages.length - 1; i >= 0; i--) this.#pool.release(pages[i]);
  }

  /** What was evicted since the last call; what was in those pages is there until the next step is run. */
  takeEvicted(): readonly EvictedPage[] {
    return this.#evicted?.splice(0) ?? [];
  }

  #makeRoom(count: number): void {
    const short = count - this.#pool.free;
    if (short <= 0) return;
    const evicted = this.#evicted;
    this.#evictions += this.#cache.evict(short, evicted && ((page, tokens) => evicted.push({ page, tokens })));
  }
}
