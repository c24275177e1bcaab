/** Means, deviations and percentiles, as numpy has them. */

/** What is said of many numbers. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly median: number;
  /** The standard deviation of these numbers (divided by their count). */
  readonly std: number;
  readonly most: number;
  /** By name: p50, p99, p99.9. */
  readonly percentiles: Readonly<Record<string, number>>;
}

/** @returns undefined for no numbers. */
export function distribution(values: readonly number[], percentiles: readonly number[]): Distribution | undefined {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  const mean = sorted.reduce((sum, each) => sum + each, 0) / sorted.length;
  const variance = sorted.reduce((sum, each) => sum + (each - mean) ** 2, 0) / sorted.length;
  return {
    count: sorted.length,
    mean,
    median: percentile(sorted, 50),
    std: Math.sqrt(variance),
    most: sorted[sorted.length - 1],
    percentiles: Object.fromEntries(percentiles.map((p) => [`p${p}`, percentile(sorted, p)])),
  };
}

/** The number below which `p` per cent lie, on a straight line between the two next to that place. @param sorted ascending, not empty. */
export function percentile(sorted: ArrayLike<number>, p: number): number {
  const place = (p / 100) * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}
