// A ratio of three digits, and a whole number of bytes.

interface Link {
  alpha: number;
  bandwidth: number;
}

const step = (n: number, bytes: number, link: Link): number => link.alpha + bytes / n / link.bandwidth;

export const speedup = (n: number, bytes: number, fast: Link, slow: Link): number =>
  Number((step(n, bytes, slow) / step(n, bytes, fast)).toPrecision(3));

export const halfSize = (n: number, { alpha, bandwidth }: Link): number => Math.round(n * alpha * bandwidth);
