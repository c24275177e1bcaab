/**
 * Pages of keys and values, and who holds them. A page has room for a few consecutive tokens; a sequence's block table names
 * its pages in their order (PagedAttention, Kwon et al., 2023). Several sequences, and the prefix cache, may hold one page:
 * it is free when nobody does. A page that the cache alone holds is idle: it can be had by evicting it.
 */

/** How many pages are in which state; they sum to the pool's pages. */
export interface PageCounts {
  readonly free: number;
  /** Held by the cache alone. */
  readonly idle: number;
  /** Held by the cache and by sequences. */
  readonly shared: number;
  /** Held by sequences alone. */
  readonly own: number;
}

/** The books of a pool; the bytes are the runner's. */
export class PagePool {
  /** Pages in all. */
  readonly pages: number;
  /** Tokens of a page. */
  readonly pageSize: number;
  /** By page: sequences that hold it. */
  readonly #sequences: Int32Array;
  /** By page: 1 where the cache holds it. */
  readonly #cached: Uint8Array;
  readonly #free: number[];
  #idle = 0;
  #shared = 0;

  /** @throws RangeError for sizes that are not whole numbers from 1. */
  constructor(pages: number, pageSize: number) {
    for (const size of [pages, pageSize]) {
      if (!Number.isSafeInteger(size) || size < 1)
        throw new RangeError(`A pool of ${pages} pages of ${pageSize} tokens: both are whole numbers from 1.`);
    }
    this.pages = pages;
    this.pageSize = pageSize;
    this.#sequences = new Int32Array(pages);
    this.#cached = new Uint8Array(pages);
    this.#free = Array.from({ length: pages }, (_, i) => pages - 1 - i);
  }

  /** Pages that nobody holds. */
  get free(): number {
    return this.#free.length;
  }

  /** Pages that can be had: the free ones, and those that evicting would free. */
  get available(): number {
    return this.#free.length + this.#idle;
  }

  /** Pages of these tokens. */
  pagesFor(tokens: number): number {
    return Math.ceil(tokens / this.pageSize);
  }

  /** A page for one sequence. @throws Error when none is free: whoever plans has counted before. */
  take(): number {
    const page = this.#free.pop();
    if (page === undefined) throw new Error(`None of ${this.pages} pages is free, and one was counted on.`);
    this.#sequences[page] = 1;
    return page;
  }

  /** One more sequence holds a page. @throws Error for a page that is free. */
  hold(page: number): void {
    this.#check(page);
    if (++this.#sequences[page] === 1) {
      this.#idle--; // the cache alone held it
      this.#shared++;
    }
  }

  /** A sequence holds a page no more. @throws Error for a page that none holds. */
  release(page: number): void {
    if (!(this.#sequences[page] > 0)) throw new Error(`Page ${page} was released, and no sequence holds it.`);
    if (--this.#sequences[page] > 0) return;
    if (this.#cached[page] === 0) this.#free.push(page);
    else {
      this.#shared--;
      this.#idle++;
    }
  }

  /** The cache holds a page that a sequence holds, too. @throws Error for one that the cache has, or that no sequence holds. */
  keep(page: number): void {
    if (!(this.#sequences[page] > 0) || this.#cached[page] === 1)
      throw new Error(`The cache cannot keep page ${page}: a sequence has to hold it, and the cache not yet.`);
    this.#cached[page] = 1;
    this.#shared++;
  }

  /** The cache holds a page no more. @throws Error for a page that the cache has not. */
  forget(page: number): void {
    if (this.#cached[page] !== 1) throw new Error(`The cache cannot forget page ${page}, which it has not.`);
    this.#cached[page] = 0;
    if (this.#sequences[page] > 0) this.#shared--;
    else {
      this.#idle--;
      this.#free.push(page);
    }
  }

  /** Who holds a page: nobody, the cache, both, or sequences alone. */
  stateOf(page: number): keyof PageCounts {
    const [held, cached] = [this.#sequences[page] > 0, this.#cached[page] === 1];
    if (held) return cached ? "shared" : "own";
    return cached ? "idle" : "free";
  }

  /** Whether the cache alone holds a page. */
  isIdle(page: number): boolean {
    return this.#cached[page] === 1 && this.#sequences[page] === 0;
  }

  /** Whether another sequence or the cache would see what is written into a page. */
  isShared(page: number): boolean {
    return this.#sequences[page] + this.#cached[page] > 1;
  }

  /** Whether a page could be had again if one sequence released it. */
  isLast(page: number): boolean {
    return this.#sequences[page] === 1;
  }

  /** How many pages are free, idle, shared and a sequence's own. */
  counts(): PageCounts {
    const [free, idle, shared] = [this.#free.length, this.#idle, this.#shared];
    return { free, idle, shared, own: this.pages - free - idle - shared };
  }

  /**
   * Counts everything anew, and compares.
   * @param tables of all sequences. @param cached pages that the cache says it has.
   * @throws Error that names what is wrong: a page in two states, one that nobody holds and that is not free, a wrong count.
   */
  checkBooks(tables: Iterable<readonly number[]>, cached: Iterable<number>): void {
    const holders = new Int32Array(this.pages);
    for (const table of tables) for (const page of table) holders[page]++;
    const kept = new Uint8Array(this.pages);
    for (const page of cached) {
      if (kept[page] === 1) throw new Error(`The cache has page ${page} twice.`);
      kept[page] = 1;
    }
    const free = new Uint8Array(this.pages);
    for (const page of this.#free) {
      if (free[page] === 1) throw new Error(`Page ${page} is free twice.`);
      free[page] = 1;
    }
    let [idle, shared] = [0, 0];
    for (let page = 0; page < this.pages; page++) {
      const [count, cache] = [holders[page], kept[page]];
      if (count !== this.#sequences[page])
        throw new Error(`Page ${page} is in ${count} tables, and by the books in ${this.#sequences[page]}.`);
      if (cache !== this.#cached[page])
        throw new Error(`Page ${page} is ${cache ? "" : "not "}in the cache, and by the books it is otherwise.`);
      if (free[page] !== Number(count + cache === 0))
        throw new Error(`Page ${page} is ${free[page] ? "free" : "not free"}, and held by ${count + cache}.`);
      if (cache && count === 0) idle++;
      if (cache && count > 0) shared++;
    }
    if (idle !== this.#idle || shared !== this.#shared)
      throw new Error(`${idle} pages are idle and ${shared} shared; the books say ${this.#idle} and ${this.#shared}.`);
  }

  #check(page: number): void {
    if (this.#sequences[page] + this.#cached[page] > 0) return;
    throw new Error(`Page ${page} is free: nobody can hold it again.`);
  }
}
