// Heap's way through all orders, in a copy; ties go to the last.

const ways = ["SYS", "NODE", "PHB", "PXB", "PIX"];
const speed = (entry: string): number => (entry.startsWith("NV") ? 10 + Number(entry.slice(2)) : ways.indexOf(entry));
type Between = Record<string, Record<string, string>>;

class Ring {
  readonly names: readonly string[];
  readonly between: Between;

  constructor(names: readonly string[], between: Between) {
    this.names = names;
    this.between = between;
  }

  get worst(): number {
    return this.names.reduce(
      (least, name, i) => Math.min(least, speed(this.between[name][this.names[(i + 1) % this.names.length]])),
      Infinity,
    );
  }
}

export function bestRing(names: string[], between: Between): string[] {
  const order = names.slice().reverse();
  let best = new Ring(order.slice(), between);
  const heap = (k: number): void => {
    if (k === 1) {
      const ring = new Ring(order.slice(), between);
      if (ring.worst >= best.worst) best = ring;
      return;
    }
    for (let i = 0; i < k; i++) {
      heap(k - 1);
      const j = k % 2 === 0 ? i : 0;
      [order[j], order[k - 1]] = [order[k - 1], order[j]];
    }
  };
  heap(order.length);
  return [...best.names];
}
