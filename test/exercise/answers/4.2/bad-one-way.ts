// The tree goes up; who needs the way down?

export function crossover(n: number, alpha: number, beta: number): number | undefined {
  const levels = Math.ceil(Math.log2(n));
  const saved = 2 * (n - 1) - levels;
  const extra = levels - (2 * (n - 1)) / n;
  return n > 3 && extra !== 0 ? Math.abs((alpha * saved) / (beta * extra)) : undefined;
}
