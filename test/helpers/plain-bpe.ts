/** BPE training in its plainest form: everything is counted again for every merge. With the ways to get it wrong. */

/** How pairs are counted, and which of equals is taken. */
export interface PlainRule {
  /** `ids`: the smaller pair of ids. `greatest bytes`: CS336's. `first seen`: minbpe's. */
  readonly ties?: "ids" | "greatest bytes" | "first seen";
  /** Whether "aaaaa" has (a, a) four times; else as often as a merge replaces it. */
  readonly overlaps?: boolean;
  /** Whether ids follow the bytes instead of their visible characters. */
  readonly idsByByte?: boolean;
}

/** The merges of words, as pairs of byte strings in hexadecimal. */
export function plainMerges(counts: ReadonlyMap<string, number>, most: number, rule: PlainRule = {}): string[] {
  const { ties = "ids", overlaps = true, idsByByte = false } = rule;
  const printable = (b: number): boolean => (b > 0x20 && b < 0x7f) || (b > 0xa0 && b !== 0xad);
  const bytes = Array.from({ length: 256 }, (_, b) => b);
  const order = idsByByte ? bytes : [...bytes.filter(printable), ...bytes.filter((b) => !printable(b))];
  const ids = new Map(order.map((byte, id) => [byte.toString(16).padStart(2, "0"), id]));
  const words = [...counts].map(
    ([word, count]) =>
      [Array.from(new TextEncoder().encode(word), (b) => b.toString(16).padStart(2, "0")), count] as const,
  );
  const merges: string[] = [];
  while (merges.length < most) {
    const pairs = new Map<string, number>();
    for (const [word, count] of words)
      for (let i = 0; i + 1 < word.length; i++) {
        const pair = `${word[i]} ${word[i + 1]}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + count);
        if (!overlaps && word[i] === word[i + 1] && word[i + 1] === word[i + 2]) i++;
      }
    const best = [...pairs].reduce<[string, number] | undefined>((top, each) => {
      if (!top || each[1] !== top[1]) return !top || each[1] > top[1] ? each : top;
      if (ties === "first seen") return top;
      const [a, b] = [each, top].map(([pair]) => pair.split(" "));
      if (ties === "greatest bytes") return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]) ? each : top;
      const [x, y] = [a, b].map((pair) => pair.map((half) => ids.get(half)!));
      return x[0] < y[0] || (x[0] === y[0] && x[1] < y[1]) ? each : top;
    }, undefined);
    if (!best) break;
    const [a, b] = best[0].split(" ");
    if (!ids.has(a + b)) ids.set(a + b, ids.size);
    merges.push(best[0]);
    for (const [word] of words)
      for (let i = 0; i + 1 < word.length; i++) if (word[i] === a && word[i + 1] === b) word.splice(i, 2, a + b);
  }
  return merges;
}
