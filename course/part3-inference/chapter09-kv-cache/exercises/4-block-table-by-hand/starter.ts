// Exercise 9.4: which page is whose, where a token goes, and what is copied before it is written into.
interface Tables {
  /** A sequence without tokens. */
  begin(id: number): void;
  /** Room for more tokens of a sequence: the slot of each, and pages to copy before anything is written. */
  append(id: number, count: number): { slots: number[]; copies: [from: number, to: number][] };
  /** Another sequence that begins with all tokens of this one. */
  fork(id: number, other: number): void;
  /** The sequence has ended. */
  free(id: number): void;
  /** Its pages, in the order of its tokens. */
  table(id: number): number[];
}

export function createTables(_pages: number, pageSize: number): Tables {
  // One page for each sequence, the one with its number: right for nobody who goes on.
  const lengths = new Map<number, number>();
  return {
    begin: (id) => void lengths.set(id, 0),
    append(id, count) {
      const length = lengths.get(id) ?? 0;
      lengths.set(id, length + count);
      return { slots: Array.from({ length: count }, (_, i) => id * pageSize + length + i), copies: [] };
    },
    fork: (id, other) => void lengths.set(other, lengths.get(id) ?? 0),
    free: (id) => void lengths.delete(id),
    table: (id) => [id],
  };
}
