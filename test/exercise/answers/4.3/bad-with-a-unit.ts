// A size has a unit.

interface Link {
  alpha: number;
  bandwidth: number;
}

const step = (n: number, bytes: number, link: Link): number => link.alpha + bytes / n / link.bandwidth;

export function speedup(n: number, bytes: number, fast: Link, slow: Link): number {
  return step(n, bytes, slow) / step(n, bytes, fast);
}

export function halfSize(n: number, link: Link): number {
  return `${n * link.alpha * link.bandwidth} bytes` as unknown as number;
}
