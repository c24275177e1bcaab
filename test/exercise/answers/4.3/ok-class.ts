// A link knows what its step takes.

class Ring {
  readonly alpha: number;
  readonly bandwidth: number;

  constructor({ alpha, bandwidth }: { alpha: number; bandwidth: number }) {
    this.alpha = alpha;
    this.bandwidth = bandwidth;
  }

  seconds(n: number, bytes: number): number {
    let seconds = 0;
    for (let step = 0; step < 2 * (n - 1); step++) seconds += this.alpha + bytes / n / this.bandwidth;
    return seconds;
  }

  busbw(n: number, bytes: number): number {
    return ((bytes / this.seconds(n, bytes)) * 2 * (n - 1)) / n;
  }
}

interface Link {
  alpha: number;
  bandwidth: number;
}

export function speedup(n: number, bytes: number, fast: Link, slow: Link): number {
  return new Ring(slow).seconds(n, bytes) / new Ring(fast).seconds(n, bytes);
}

/** Doubles until it is enough, then halves the range. */
export function halfSize(n: number, link: Link): number {
  const ring = new Ring(link);
  let high = 1;
  while (ring.busbw(n, high) < link.bandwidth / 2) high *= 2;
  let low = high / 2;
  while (high - low > 1e-6 * high) {
    const middle = (low + high) / 2;
    if (ring.busbw(n, middle) < link.bandwidth / 2) low = middle;
    else high = middle;
  }
  return high;
}
