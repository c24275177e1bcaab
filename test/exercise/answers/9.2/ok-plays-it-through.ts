// Plays the requests through with a set of prefixes, one string for each page.
interface Plan {
  shared: number;
  own: number[];
  pageSize: number;
  atOnce: boolean;
}

export function served({ shared, own, pageSize, atOnce }: Plan): { computed: number; pages: number } {
  const known = new Set<string>();
  const later: string[] = [];
  let computed = 0;
  own.forEach((more, i) => {
    const prompt = Array.from({ length: shared + more }, (_, at) => (at < shared ? `s${at}` : `${i}.${at}`));
    const keys: string[] = [];
    for (let end = pageSize; end <= prompt.length; end += pageSize) keys.push(prompt.slice(0, end).join(" "));
    let found = 0;
    while (found < keys.length && (found + 1) * pageSize < prompt.length && known.has(keys[found])) found++;
    computed += prompt.length - found * pageSize;
    for (const key of keys) {
      if (atOnce) later.push(key);
      else known.add(key);
    }
  });
  for (const key of later) known.add(key);
  return { computed, pages: known.size };
}
