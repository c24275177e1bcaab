// No queue: each page has a count, a key and a time, and whoever wants pages looks through all of them.
interface Page {
  holders: number;
  key?: string;
  time: number;
}

export function createPool(count: number) {
  const pages: Page[] = Array.from({ length: count }, () => ({ holders: 0, time: 0 }));
  let clock = 0;
  const letGo = (page: number): void => {
    pages[page].holders--;
    pages[page].time = ++clock;
  };
  return {
    allocate(wanted: number): number[] | undefined {
      const idle = pages.flatMap(({ holders }, page) => (holders === 0 ? [page] : []));
      if (idle.length < wanted) return undefined;
      const age = (page: number): number => (pages[page].key === undefined ? -1 : pages[page].time);
      const taken = idle.sort((a, b) => age(a) - age(b)).slice(0, wanted);
      for (const page of taken) pages[page] = { holders: 1, time: 0 };
      return taken;
    },
    keep(keys: string[], own: number[]): number[] {
      return own.map((page, i) => {
        const known = pages.findIndex(({ key }) => key === keys[i]);
        if (known < 0) pages[page].key = keys[i];
        if (known < 0 || known === page) return page;
        pages[known].holders++;
        letGo(page);
        return known;
      });
    },
    match(keys: string[]): number[] {
      const found: number[] = [];
      for (const wanted of keys) {
        const page = pages.findIndex(({ key }) => key === wanted);
        if (page < 0) return found;
        pages[page].holders++;
        found.push(page);
      }
      return found;
    },
    release(own: number[]): void {
      for (let i = own.length - 1; i >= 0; i--) letGo(own[i]);
    },
  };
}
