// The machine of the chapter: 5 microseconds and 10 GB/s.

export function crossover(n: number, _alpha: number, _beta: number): number | undefined {
  const levels = Math.ceil(Math.log2(n));
  const saved = n - 1 - levels;
  return saved > 0 ? (50_000 * saved) / (levels - (n - 1) / n) : undefined;
}
