/** Which of several curves is the lowest where, and the sizes at which one takes over from another. */

/** A curve over sizes. */
export interface Curve {
  readonly name: string;
  readonly y: readonly number[];
}

/** Where the lowest curve changes. */
export interface Crossing {
  /** Lowest below this size, and above it. */
  readonly from: string;
  readonly to: string;
  readonly x: number;
  readonly y: number;
}

/**
 * Changes of the lowest curve, from the smallest size to the largest.
 * @param at the value of a curve at any size: the change is then found by halving, else by a straight line on both logarithmic axes.
 */
export function crossingsOf(
  x: readonly number[],
  curves: readonly Curve[],
  at?: (name: string, x: number) => number,
): Crossing[] {
  const lowest = x.map((_, i) => curves.reduce((best, curve) => (curve.y[i] < best.y[i] ? curve : best)));
  const found: Crossing[] = [];
  for (let i = 1; i < x.length; i++) {
    const [a, b] = [lowest[i - 1], lowest[i]];
    if (a === b) continue;
    const [before, after] = [Math.log(a.y[i - 1] / b.y[i - 1]), Math.log(a.y[i] / b.y[i])];
    const share = before === after ? 0.5 : before / (before - after);
    let here = Math.exp(Math.log(x[i - 1]) + share * Math.log(x[i] / x[i - 1]));
    let height = Math.exp(Math.log(a.y[i - 1]) + share * Math.log(a.y[i] / a.y[i - 1]));
    if (at) {
      let [low, high] = [x[i - 1], x[i]];
      while (high / low > 1.002) {
        const middle = Math.sqrt(low * high);
        if (at(a.name, middle) <= at(b.name, middle)) low = middle;
        else high = middle;
      }
      here = Math.sqrt(low * high);
      height = at(a.name, here);
    }
    found.push({ from: a.name, to: b.name, x: here, y: height });
  }
  return found;
}
