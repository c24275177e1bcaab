// Pages by key, with reference counts and a queue of those that nobody holds: the form of vLLM's BlockPool.
interface Pool {
  allocate(count: number): number[] | undefined;
  keep(keys: string[], pages: number[]): number[];
  match(keys: string[]): number[];
  release(pages: number[]): void;
}

export function createPool(pages: number): Pool {
  const holders = Array<number>(pages).fill(0);
  const keyOf = Array<string | undefined>(pages).fill(undefined);
  const byKey = new Map<string, number>();
  /** Pages that nobody holds: those without a key first, then by when they were released. */
  const free: number[] = [];
  const kept: number[] = [];
  for (let page = 0; page < pages; page++) free.push(page);

  function hold(page: number): void {
    if (holders[page]++ > 0) return;
    const at = kept.indexOf(page);
    if (at >= 0) kept.splice(at, 1);
  }

  function letGo(page: number): void {
    if (--holders[page] > 0) return;
    (keyOf[page] === undefined ? free : kept).push(page);
  }

  return {
    allocate(count) {
      if (free.length + kept.length < count) return undefined;
      const taken: number[] = [];
      while (taken.length < count) {
        const page = (free.length > 0 ? free.shift() : kept.shift()) as number;
        const key = keyOf[page];
        if (key !== undefined) byKey.delete(key);
        keyOf[page] = undefined;
        holders[page] = 1;
        taken.push(page);
      }
      return taken;
    },

    keep(keys, own) {
      return own.map((page, i) => {
        const known = byKey.get(keys[i]);
        if (known === page) return page;
        if (known !== undefined) {
          hold(known);
          letGo(page);
          return known;
        }
        byKey.set(keys[i], page);
        keyOf[page] = keys[i];
        return page;
      });
    },

    match(keys) {
      const found: number[] = [];
      for (const key of keys) {
        const page = byKey.get(key);
        if (page === undefined) break;
        hold(page);
        found.push(page);
      }
      return found;
    },

    release(own) {
      for (const page of [...own].reverse()) letGo(page);
    },
  };
}
