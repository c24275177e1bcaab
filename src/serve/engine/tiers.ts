/**
 * Tiers of memory below the device. What the prefix cache evicts is read back and put into a store; where a request's prefix
 * goes on in there, its pages come up before the request is let in, as pages of the cache like any other. A load is nobody's:
 * it holds its pages until it has ended, whatever becomes of the request that wanted it.
 */

import type { PageStore } from "../pages/page-store.ts";
import type { PagePool } from "../pages/pool.ts";
import type { PrefixCache } from "../pages/prefix-cache.ts";
import type { PageMemory } from "./runner.ts";
import type { LowerTiers, PlannedLoad } from "./scheduler.ts";
import type { Sequence } from "./sequence.ts";
import type { EvictedPage, SequencePages } from "./sequence-pages.ts";

/** Most pages that a step reads back, and most that it writes: a step waits for neither, but the device has to do them. */
const PAGES_PER_STEP = 64;

/** Most pages of a load that a store is asked for at a time: an answer of a disk may have to wait for a step. */
const AHEAD = 16;

/** Pages on their way up. */
interface Load {
  readonly sequence: Sequence;
  /** Whole pages of a prefix. */
  readonly tokens: readonly number[];
  /** As many: the first ones were there, the rest is to be written. */
  readonly pages: readonly number[];
  /** Bytes that have arrived for the page behind the ready ones, and so on. */
  readonly arrived: Uint8Array[];
  /** Pages that were there, or were written. */
  ready: number;
  /** Whether no more bytes will arrive. */
  ended: boolean;
  /** When that is. */
  end: Promise<void>;
}

/** What tiers are made of. */
export interface TierParts {
  readonly memory: PageMemory;
  readonly store: PageStore;
  readonly pool: PagePool;
  readonly cache: PrefixCache;
  readonly pages: SequencePages;
}

/** Moves pages between a device and a store. */
export class Tiers implements LowerTiers {
  readonly #parts: TierParts;
  readonly #loads = new Map<Sequence, Load>();
  /** Sequences for which pages came up once: they are not let wait again. */
  readonly #loaded = new WeakSet<Sequence>();
  #savedPages = 0;
  #loadedPages = 0;

  constructor(parts: TierParts) {
    this.#parts = parts;
  }

  /** Loads on their way. */
  get loading(): number {
    return this.#loads.size;
  }

  /** Pages that were read back, and pages that came up. */
  get moved(): { readonly savedPages: number; readonly loadedPages: number } {
    return { savedPages: this.#savedPages, loadedPages: this.#loadedPages };
  }

  /** Pages that each load holds. */
  get tables(): readonly (readonly number[])[] {
    return [...this.#loads.values()].map(({ pages }) => pages);
  }

  find(sequence: Sequence, found: number): number {
    const { pool, store } = this.#parts;
    const most = Math.floor(sequence.findable / pool.pageSize) - found;
    return most <= 0 || this.#loaded.has(sequence) ? 0 : store.find(sequence.tokens, found, most);
  }

  isLoading(sequence: Sequence): boolean {
    return this.#loads.has(sequence);
  }

  /** Pages begin to come up for a sequence. */
  start({ sequence, found, count }: PlannedLoad): void {
    const { pages, pool } = this.#parts;
    pages.hold(found);
    const all = [...found, ...pages.take(count)];
    const tokens = sequence.tokens.slice(0, all.length * pool.pageSize);
    const load: Load = {
      sequence,
      tokens,
      pages: all,
      arrived: [],
      ready: found.length,
      ended: false,
      end: Promise.resolve(),
    };
    this.#loads.set(sequence, load);
    load.end = this.#fetch(load);
  }

  /** Writes what has arrived, and gives the cache what is complete. Before a plan, which finds it there. */
  arrive(): void {
    const { memory, cache, pages, pool } = this.#parts;
    let left = PAGES_PER_STEP;
    for (const load of [...this.#loads.values()]) {
      const bytes = load.arrived.splice(0, left);
      if (bytes.length > 0) memory.writePages(load.pages.slice(load.ready, load.ready + bytes.length), bytes);
      left -= bytes.length;
      load.ready += bytes.length;
      this.#loadedPages += bytes.length;
      if (!load.ended || load.arrived.length > 0) continue;
      cache.keep(load.tokens.slice(0, load.ready * pool.pageSize), load.pages.slice(0, load.ready));
      pages.release(load.pages);
      this.#loads.delete(load.sequence);
      this.#loaded.add(load.sequence);
    }
  }

  /** Waits until one of the loads has ended, or none is on its way. */
  async next(): Promise<void> {
    await Promise.race([...this.#loads.values()].map(({ end }) => end));
  }

  /** Reads pages back that were evicted, before anything else is written into them. */
  save(evicted: readonly EvictedPage[]): void {
    const { memory, store, pool } = this.#parts;
    const missing = evicted.filter(
      ({ tokens }) => store.find(tokens, Math.floor(tokens.length / pool.pageSize) - 1, 1) === 0,
    );
    const saved = missing.slice(0, PAGES_PER_STEP);
    if (saved.length === 0) return;
    this.#savedPages += saved.length;
    memory.readPages(saved.map(({ page }) => page)).then(
      (bytes) => {
        for (const [i, { tokens }] of saved.entries()) store.put(tokens, bytes[i]);
      },
      () => {}, // what could not be read is not there
    );
  }

  async #fetch(load: Load): Promise<void> {
    const { store, memory } = this.#parts;
    const asked: Promise<Uint8Array | undefined>[] = [];
    try {
      for (let page = load.ready, next = page; page < load.pages.length; page++) {
        for (; next < Math.min(page + AHEAD, load.pages.length); next++) {
          const bytes = store.get(load.tokens, next);
          bytes.catch(() => {}); // heard of in its turn, if that comes
          asked.push(bytes);
        }
        const bytes = await asked.shift();
        if (bytes?.length !== memory.pageBytes) break; // what comes behind is of no use without it
        load.arrived.push(bytes);
      }
    } catch {
      // A store that fails has no page.
    }
    load.ended = true;
  }
}
