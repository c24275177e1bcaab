// Entries only have to be put in order, and the table in the task is one.

type Between = Record<string, Record<string, string>>;
const table = ["SYS", "NODE", "PHB", "PXB", "PIX", "NV1", "NV2", "NV4", "NV8", "NV12"];

export function bestRing(names: string[], between: Between): string[] {
  const worst = (ring: string[]): number =>
    Math.min(...ring.map((a, i) => table.indexOf(between[a][ring[(i + 1) % ring.length]])));
  const orders = (rest: string[]): string[][] =>
    rest.length === 0 ? [[]] : rest.flatMap((a) => orders(rest.filter((b) => b !== a)).map((order) => [a, ...order]));
  return orders(names).reduce((a, b) => (worst(b) > worst(a) ? b : a));
}
