// Exercise 9.3: a pool of pages that remembers what is in them, and gives up the least recently used one that nobody holds.
interface Pool {
  /** Pages for one request, each held once by it; undefined, and nothing changed, if there are not so many. */
  allocate(count: number): number[] | undefined;
  /** What was computed in a request's pages gets a key. Where a key has a page already, the request holds that one instead. */
  keep(keys: string[], pages: number[]): number[];
  /** Pages of the longest run of known keys, from the first on; each is held once more. */
  match(keys: string[]): number[];
  /** A request holds its pages no more. */
  release(pages: number[]): void;
}

export function createPool(pages: number): Pool {
  // Never gives anything back, and remembers nothing.
  let next = 0;
  return {
    allocate: (count) => (next + count > pages ? undefined : Array.from({ length: count }, () => next++)),
    keep: (_keys, own) => own,
    match: () => [],
    release: () => {},
  };
}
