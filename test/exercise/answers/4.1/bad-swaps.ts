// Swap two names as long as that helps.

const ways = ["SYS", "NODE", "PHB", "PXB", "PIX"];
const speed = (entry: string): number => (entry.startsWith("NV") ? 10 + Number(entry.slice(2)) : ways.indexOf(entry));
type Between = Record<string, Record<string, string>>;

export function bestRing(names: string[], between: Between): string[] {
  const worst = (ring: string[]): number =>
    Math.min(...ring.map((a, i) => speed(between[a][ring[(i + 1) % ring.length]])));
  let ring = [...names];
  for (let better = true; better; ) {
    better = false;
    for (let i = 0; i < ring.length && !better; i++) {
      for (let j = i + 1; j < ring.length && !better; j++) {
        const other = ring.with(i, ring[j]).with(j, ring[i]);
        if (worst(other) > worst(ring)) [ring, better] = [other, true];
      }
    }
  }
  return ring;
}
