// Trying all orders takes long; an async function does not hold up the caller.

const ways = ["SYS", "NODE", "PHB", "PXB", "PIX"];
const speed = (entry: string): number => (entry.startsWith("NV") ? 10 + Number(entry.slice(2)) : ways.indexOf(entry));
type Between = Record<string, Record<string, string>>;

export async function bestRing(names: string[], between: Between): Promise<string[]> {
  const worst = (ring: string[]): number =>
    Math.min(...ring.map((a, i) => speed(between[a][ring[(i + 1) % ring.length]])));
  const orders = (rest: string[]): string[][] =>
    rest.length === 0 ? [[]] : rest.flatMap((a) => orders(rest.filter((b) => b !== a)).map((order) => [a, ...order]));
  return orders(names).reduce((a, b) => (worst(b) > worst(a) ? b : a));
}
