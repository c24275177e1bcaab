// The judge's own books of 9.3: who holds which page, what is written in it, and when it was last released.

/** A page as the books see it. */
export interface Page {
  /** Requests that hold it: a request that has it twice counts twice. */
  readonly holders: Map<number, number>;
  key: string | undefined;
  /** On the books' clock; of a page that nobody holds. */
  released: number;
}

/** Books over the pages of one case. */
export class Books {
  readonly pages: readonly Page[];
  readonly #byKey = new Map<string, number>();
  #clock = 0;

  constructor(pages: number) {
    this.pages = Array.from({ length: pages }, () => ({ holders: new Map(), key: undefined, released: 0 }));
  }

  /** The page of a key. */
  pageOf(key: string): number | undefined {
    return this.#byKey.get(key);
  }

  /** Whether nobody holds a page. */
  isIdle(page: number): boolean {
    return this.pages[page].holders.size === 0;
  }

  /** Pages that nobody holds. */
  idle(): number[] {
    return [...this.pages.keys()].filter((page) => this.isIdle(page));
  }

  /** A request holds a page once more. */
  hold(page: number, request: number): void {
    const { holders } = this.pages[page];
    holders.set(request, (holders.get(request) ?? 0) + 1);
  }

  /** A request holds a page once less. */
  letGo(page: number, request: number): void {
    const one = this.pages[page];
    const count = one.holders.get(request) ?? 0;
    if (count > 1) one.holders.set(request, count - 1);
    else one.holders.delete(request);
    this.#clock++;
    if (one.holders.size === 0) this.#stamp(one, this.#clock);
  }

  /** A page has a key from now on. */
  name(page: number, key: string): void {
    this.#rename(this.pages[page], key);
    this.#byKey.set(key, page);
  }

  /** A page has no key any more. */
  forget(page: number): void {
    const one = this.pages[page];
    if (one.key !== undefined) this.#byKey.delete(one.key);
    this.#rename(one, undefined);
  }

  #stamp(page: { released: number }, time: number): void {
    page.released = time;
  }

  #rename(page: { key: string | undefined }, key: string | undefined): void {
    page.key = key;
  }
}
