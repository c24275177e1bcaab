// Block tables with copy on write (PagedAttention, Kwon et al., 2023).
interface Tables {
  begin(id: number): void;
  append(id: number, count: number): { slots: number[]; copies: [from: number, to: number][] };
  fork(id: number, other: number): void;
  free(id: number): void;
  table(id: number): number[];
}

export function createTables(pages: number, pageSize: number): Tables {
  const free = Array.from({ length: pages }, (_, i) => pages - 1 - i);
  /** By page: how many tables name it. */
  const named = Array<number>(pages).fill(0);
  const sequences = new Map<number, { table: number[]; length: number }>();
  const of = (id: number) => sequences.get(id) as { table: number[]; length: number };

  function take(): number {
    const page = free.pop();
    if (page === undefined) throw new Error("no page is free");
    named[page] = 1;
    return page;
  }

  function release(page: number): void {
    if (--named[page] === 0) free.push(page);
  }

  return {
    begin(id) {
      sequences.set(id, { table: [], length: 0 });
    },

    append(id, count) {
      const sequence = of(id);
      const { table } = sequence;
      const copies: [number, number][] = [];
      const last = table.length - 1;
      // Others read this page, too, and the next token would go into it.
      if (sequence.length % pageSize > 0 && named[table[last]] > 1) {
        const page = take();
        copies.push([table[last], page]);
        release(table[last]);
        table[last] = page;
      }
      const slots: number[] = [];
      for (let i = 0; i < count; i++) {
        const place = sequence.length++;
        if (place % pageSize === 0) table.push(take());
        slots.push(table[Math.floor(place / pageSize)] * pageSize + (place % pageSize));
      }
      return { slots, copies };
    },

    fork(id, other) {
      const { table, length } = of(id);
      for (const page of table) named[page]++;
      sequences.set(other, { table: [...table], length });
    },

    free(id) {
      for (const page of of(id).table) release(page);
      sequences.delete(id);
    },

    table: (id) => [...of(id).table],
  };
}
