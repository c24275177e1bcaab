/**
 * The pairs of a training run by count, the most frequent first; of those with equal counts the smaller first id, then the
 * smaller second. A binary heap of entries that keep the count they were pushed with: the trainer sees for itself that an
 * entry is out of date and pushes the pair again.
 */
import type { PairTable } from "./pair-table.ts";

/** An entry: the number of a pair, and its count at the time. */
export interface Entry {
  readonly pair: number;
  readonly count: number;
}

/** A heap of pairs; see the file. */
export class PairHeap {
  readonly #pairs: PairTable;
  readonly #heap: Entry[] = [];

  /** @param pairs the table whose numbers the entries hold. */
  constructor(pairs: PairTable) {
    this.#pairs = pairs;
  }

  /** Adds an entry. */
  push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(entry, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  /** Takes the first entry, or gives undefined. */
  pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#before(heap[child + 1], heap[child])) child++;
      if (!this.#before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return top;
  }

  /** The tie rule. */
  #before(x: Entry, y: Entry): boolean {
    if (x.count !== y.count) return x.count > y.count;
    const pairs = this.#pairs;
    const byFirst = pairs.first(x.pair) - pairs.first(y.pair);
    return byFirst !== 0 ? byFirst < 0 : pairs.second(x.pair) < pairs.second(y.pair);
  }
}
