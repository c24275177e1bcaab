/** Learning rates as pure functions of the step: a run that goes on has nothing to restore. */

/** A warm-up and a cosine (Loshchilov and Hutter, 2017). */
export interface WarmupCosine {
  readonly peak: number;
  /** Steps of the linear rise. */
  readonly warmup: number;
  /** Step at which the cosine has come down. */
  readonly total: number;
  /** Where it comes down to, and stays. */
  readonly floor?: number;
}

/** @param step from 0. @returns peak · step / warmup while it rises, peak at `warmup`, `floor` from `total` on. */
export function warmupCosine({ peak, warmup, total, floor = 0 }: WarmupCosine, step: number): number {
  if (step < warmup) return (peak * step) / warmup;
  if (step >= total) return floor;
  const share = (step - warmup) / (total - warmup);
  return floor + 0.5 * (1 + Math.cos(Math.PI * share)) * (peak - floor);
}
