/**
 * A word's bytes into tokens: of all neighbours that can be merged, those of the lowest rank are merged first, the leftmost
 * of equal ones first, until none can be. `mergeByScanning` is that sentence; `mergeByHeap` does the same for long words,
 * where looking through the word for each merge would take the square of its length.
 */
import type { PairTable } from "./pair-table.ts";

/** Merges as `Vocabulary` has them. */
export interface MergeTables {
  /** Pairs of ids, numbered by rank. */
  readonly pairs: PairTable;
  /** What each makes. */
  readonly results: Int32Array;
}

/** Lengths up to which scanning is the faster way. */
const SHORT = 40;

/** The tokens of a word. @param ids the ids of its bytes; they are overwritten. */
export function mergeWord(ids: number[], tables: MergeTables): number[] {
  return ids.length <= SHORT ? mergeByScanning(ids, tables) : mergeByHeap(ids, tables);
}

/** The plain form. */
export function mergeByScanning(ids: number[], { pairs, results }: MergeTables): number[] {
  for (;;) {
    let best = -1;
    let at = -1;
    for (let i = 0; i + 1 < ids.length; i++) {
      const rank = pairs.find(ids[i], ids[i + 1]);
      if (rank >= 0 && (best < 0 || rank < best)) {
        best = rank;
        at = i;
      }
    }
    if (best < 0) return ids;
    ids[at] = results[best];
    ids.splice(at + 1, 1);
  }
}

/** The same with a heap of candidates, (rank, place), over a linked list: time n log n for n bytes. */
export function mergeByHeap(ids: number[], { pairs, results }: MergeTables): number[] {
  const length = ids.length;
  const next = Int32Array.from(ids, (_, i) => i + 1);
  const previous = Int32Array.from(ids, (_, i) => i - 1);
  const gone = -1;
  // A candidate is one number, rank * length + place, so that the order of numbers is the order wanted: below 2^53.
  const heap: number[] = [];
  const offer = (place: number): void => {
    if (place < 0 || next[place] >= length) return;
    const rank = pairs.find(ids[place], ids[next[place]]);
    if (rank >= 0) pushNumber(heap, rank * length + place);
  };
  for (let place = 0; place + 1 < length; place++) offer(place);
  while (heap.length > 0) {
    const candidate = popNumber(heap);
    const place = candidate % length;
    const rank = (candidate - place) / length;
    const right = next[place];
    if (ids[place] === gone || right >= length || pairs.find(ids[place], ids[right]) !== rank) continue;
    ids[place] = results[rank];
    ids[right] = gone;
    next[place] = next[right];
    if (next[place] < length) previous[next[place]] = place;
    offer(previous[place]);
    offer(place);
  }
  return ids.filter((id) => id !== gone);
}

function pushNumber(heap: number[], value: number): void {
  let at = heap.push(value) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent] <= value) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = value;
}

function popNumber(heap: number[]): number {
  const top = heap[0];
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= last) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return top;
}
