// Faster by so many percent.

interface Link {
  alpha: number;
  bandwidth: number;
}

const step = (n: number, bytes: number, link: Link): number => link.alpha + bytes / n / link.bandwidth;

export function speedup(n: number, bytes: number, fast: Link, slow: Link): number {
  return 100 * (step(n, bytes, slow) / step(n, bytes, fast) - 1);
}

export function halfSize(n: number, link: Link): number {
  return n * link.alpha * link.bandwidth;
}
