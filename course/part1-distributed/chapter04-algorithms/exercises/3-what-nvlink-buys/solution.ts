// A ring's step is a latency and a chunk; the number of steps cancels in a ratio.
interface Link {
  alpha: number;
  bandwidth: number;
}

function step(n: number, bytes: number, link: Link): number {
  return link.alpha + bytes / n / link.bandwidth;
}

export function speedup(n: number, bytes: number, fast: Link, slow: Link): number {
  return step(n, bytes, slow) / step(n, bytes, fast);
}

/** The chunk takes as long as the latency: B / (n b) = α. */
export function halfSize(n: number, link: Link): number {
  return n * link.alpha * link.bandwidth;
}
