// Sizes are whole KiB.

export function crossover(n: number, alpha: number, beta: number): number | undefined {
  const levels = Math.ceil(Math.log2(n));
  const saved = n - 1 - levels;
  if (saved <= 0) return undefined;
  return Math.ceil((alpha * saved) / (beta * (levels - (n - 1) / n)) / 1024) * 1024;
}
