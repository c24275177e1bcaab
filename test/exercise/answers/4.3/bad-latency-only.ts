// NVLink saves latency; the bytes are the same.

interface Link {
  alpha: number;
  bandwidth: number;
}

export function speedup(_n: number, _bytes: number, fast: Link, slow: Link): number {
  return slow.alpha / fast.alpha;
}

export function halfSize(n: number, link: Link): number {
  return n * link.alpha * link.bandwidth;
}
