// Exercise 4.3: what do faster links buy, and for which sizes?
interface Link {
  alpha: number;
  bandwidth: number;
}

export function speedup(n: number, bytes: number, fast: Link, slow: Link): number {
  return fast.bandwidth / slow.bandwidth; // is that so for a tensor of 4 bytes?
}

export function halfSize(n: number, link: Link): number {
  return 1_000_000;
}
