// Start from every name and always take the fastest link: the best of those is best.

const ways = ["SYS", "NODE", "PHB", "PXB", "PIX"];
const speed = (entry: string): number => (entry.startsWith("NV") ? 10 + Number(entry.slice(2)) : ways.indexOf(entry));
type Between = Record<string, Record<string, string>>;

export function bestRing(names: string[], between: Between): string[] {
  const worst = (ring: string[]): number =>
    Math.min(...ring.map((a, i) => speed(between[a][ring[(i + 1) % ring.length]])));
  const from = (start: string): string[] => {
    const ring = [start];
    while (ring.length < names.length) {
      const last = ring[ring.length - 1];
      const rest = names.filter((name) => !ring.includes(name));
      ring.push(rest.reduce((a, b) => (speed(between[last][b]) > speed(between[last][a]) ? b : a)));
    }
    return ring;
  };
  return names.map(from).reduce((a, b) => (worst(b) > worst(a) ? b : a));
}
