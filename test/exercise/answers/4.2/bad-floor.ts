// A tree of n ranks has log2 n levels, rounded down to a whole one.

export function crossover(n: number, alpha: number, beta: number): number | undefined {
  const levels = Math.floor(Math.log2(n));
  const bytes = (alpha * (n - 1 - levels)) / (beta * (levels - (n - 1) / n));
  return bytes > 0 && n > 3 ? bytes : undefined;
}
