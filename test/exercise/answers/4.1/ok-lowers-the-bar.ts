// The best slowest link is the largest bottleneck for which a closed walk of all exists: lower it until one does.

const ways = ["SYS", "NODE", "PHB", "PXB", "PIX"];
const speed = (entry: string): number => (entry.startsWith("NV") ? 10 + Number(entry.slice(2)) : ways.indexOf(entry));
type Between = Record<string, Record<string, string>>;

export function bestRing(names: string[], between: Between): string[] {
  const entries = new Set(names.flatMap((a) => names.filter((b) => b !== a).map((b) => speed(between[a][b]))));
  for (const least of [...entries].sort((a, b) => b - a)) {
    const joined = (a: string, b: string): boolean => speed(between[a][b]) >= least;
    const extend = (ring: string[]): string[] | undefined => {
      const last = ring[ring.length - 1];
      if (ring.length === names.length) return joined(last, ring[0]) ? ring : undefined;
      for (const next of names) {
        if (ring.includes(next) || !joined(last, next)) continue;
        const found = extend([...ring, next]);
        if (found) return found;
      }
      return undefined;
    };
    const ring = extend([names[names.length - 1]]);
    if (ring) return ring;
  }
  return [...names];
}
