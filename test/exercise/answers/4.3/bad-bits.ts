// Bandwidth is in bits.

interface Link {
  alpha: number;
  bandwidth: number;
}

const step = (n: number, bytes: number, link: Link): number => link.alpha + bytes / n / link.bandwidth;

export function speedup(n: number, bytes: number, fast: Link, slow: Link): number {
  return step(n, 8 * bytes, slow) / step(n, 8 * bytes, fast);
}

export function halfSize(n: number, link: Link): number {
  return (n * link.alpha * link.bandwidth) / 8;
}
