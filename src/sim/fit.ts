/**
 * Fits alpha and beta to measured times, and finds where one curve crosses another. A line
 * through times over four decades must not be ruled by the largest: points are weighted by
 * 1/time², so that it is the relative error that is least.
 */

export interface AlphaBeta {
  /** Seconds. */
  readonly alpha: number;
  /** Seconds a byte. */
  readonly beta: number;
  /** Largest |measured / model - 1|. */
  readonly worst: number;
}

/** How long a message of a given size took. */
export interface Timing {
  readonly bytes: number;
  readonly seconds: number;
}

/** alpha and beta, neither below zero, of seconds = alphas × alpha + bytes × beta. @param path of an algorithm for each timing. */
export function fitAlphaBeta(
  timings: readonly Timing[],
  path: (bytes: number) => { alphas: number; bytes: number },
): AlphaBeta {
  let [aa, ab, bb, at, bt] = [0, 0, 0, 0, 0];
  for (const { bytes, seconds } of timings) {
    const { alphas, bytes: moved } = path(bytes);
    const a = alphas / seconds;
    const b = moved / seconds;
    aa += a * a;
    ab += a * b;
    bb += b * b;
    at += a;
    bt += b;
  }
  const determinant = aa * bb - ab * ab;
  let alpha = determinant > 0 ? (at * bb - bt * ab) / determinant : 0;
  let beta = determinant > 0 ? (aa * bt - ab * at) / determinant : 0;
  if (alpha < 0 || determinant <= 0) [alpha, beta] = [0, bb > 0 ? bt / bb : 0];
  else if (beta < 0) [alpha, beta] = [aa > 0 ? at / aa : 0, 0];
  const model = (bytes: number): number => {
    const { alphas, bytes: moved } = path(bytes);
    return alphas * alpha + moved * beta;
  };
  const worst = Math.max(0, ...timings.map(({ bytes, seconds }) => Math.abs(seconds / model(bytes) - 1)));
  return { alpha, beta, worst };
}

/** Sizes at which one curve is the lowest. */
export interface Winner {
  readonly name: string;
  /** First and last of the sizes at which it is the fastest. */
  readonly from: number;
  readonly to: number;
}

/** Which curve is lowest, from the smallest size to the largest; neighbours of one name are joined. */
export function winners(
  sizes: readonly number[],
  curves: readonly { name: string; seconds: readonly number[] }[],
): Winner[] {
  const found: Winner[] = [];
  sizes.forEach((size, i) => {
    const { name } = curves.reduce((best, curve) => (curve.seconds[i] < best.seconds[i] ? curve : best));
    const last = found.at(-1);
    if (last?.name === name) found[found.length - 1] = { ...last, to: size };
    else found.push({ name, from: size, to: size });
  });
  return found;
}

/** Bytes at which two curves cross, by interpolation on log scales; one for each change of sign. */
export function crossings(sizes: readonly number[], a: readonly number[], b: readonly number[]): number[] {
  const found: number[] = [];
  for (let i = 1; i < sizes.length; i++) {
    const before = Math.log(a[i - 1] / b[i - 1]);
    const after = Math.log(a[i] / b[i]);
    if (before === 0 || before > 0 === after > 0) continue;
    const share = before / (before - after);
    found.push(Math.exp(Math.log(sizes[i - 1]) + share * Math.log(sizes[i] / sizes[i - 1])));
  }
  return found;
}
