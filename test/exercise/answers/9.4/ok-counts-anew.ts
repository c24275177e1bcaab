// No counts: whether a page is named is looked up in all tables each time, and the lowest free page is taken.
export function createTables(pages: number, pageSize: number) {
  const tables = new Map<number, number[]>();
  const lengths = new Map<number, number>();
  const holders = (page: number): number => [...tables.values()].filter((table) => table.includes(page)).length;
  const take = (): number => {
    for (let page = 0; page < pages; page++) if (holders(page) === 0) return page;
    throw new Error("full");
  };
  return {
    begin(id: number): void {
      tables.set(id, []);
      lengths.set(id, 0);
    },
    append(id: number, count: number) {
      const table = tables.get(id) as number[];
      const copies: [number, number][] = [];
      const slots: number[] = [];
      for (let i = 0; i < count; i++) {
        const at = lengths.get(id) as number;
        const last = table.length - 1;
        if (at % pageSize === 0) table.push(take());
        else if (holders(table[last]) > 1) {
          const copy = take();
          copies.push([table[last], copy]);
          table[last] = copy;
        }
        slots.push(table[table.length - 1] * pageSize + (at % pageSize));
        lengths.set(id, at + 1);
      }
      return { slots, copies };
    },
    fork(id: number, other: number): void {
      tables.set(other, [...(tables.get(id) as number[])]);
      lengths.set(other, lengths.get(id) as number);
    },
    free(id: number): void {
      tables.delete(id);
      lengths.delete(id);
    },
    table: (id: number): number[] => [...(tables.get(id) as number[])],
  };
}
