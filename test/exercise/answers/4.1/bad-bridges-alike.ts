// PIX and PXB are both PCIe bridges: one is as good as the other.

type Between = Record<string, Record<string, string>>;
const speeds: Record<string, number> = { SYS: 0, NODE: 1, PHB: 2, PXB: 3, PIX: 3 };

export function bestRing(names: string[], between: Between): string[] {
  const speed = (entry: string): number => speeds[entry] ?? 4 + Number.parseInt(entry.replace("NV", ""), 10);
  const worst = (ring: string[]): number =>
    Math.min(...ring.map((a, i) => speed(between[a][ring[(i + 1) % ring.length]])));
  const orders = (rest: string[]): string[][] =>
    rest.length === 0 ? [[]] : rest.flatMap((a) => orders(rest.filter((b) => b !== a)).map((order) => [a, ...order]));
  return orders(names).reduce((a, b) => (worst(b) > worst(a) ? b : a));
}
