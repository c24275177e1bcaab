// Half of the bandwidth is where latency takes as long as all steps' bytes together.

interface Link {
  alpha: number;
  bandwidth: number;
}

const step = (n: number, bytes: number, link: Link): number => link.alpha + bytes / n / link.bandwidth;

export function speedup(n: number, bytes: number, fast: Link, slow: Link): number {
  return step(n, bytes, slow) / step(n, bytes, fast);
}

export function halfSize(n: number, link: Link): number {
  return (2 * (n - 1) * link.alpha * link.bandwidth) / 2;
}
