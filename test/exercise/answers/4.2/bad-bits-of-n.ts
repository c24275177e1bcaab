// The number of levels is the number of binary digits.

export function crossover(n: number, alpha: number, beta: number): number | undefined {
  const levels = n.toString(2).length;
  const saved = n - 1 - levels;
  return saved > 0 ? (alpha * saved) / (beta * (levels - (n - 1) / n)) : undefined;
}
