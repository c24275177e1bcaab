// Where they never cross, they cross at infinity.

export function crossover(n: number, alpha: number, beta: number): number | undefined {
  const levels = Math.ceil(Math.log2(n));
  const saved = n - 1 - levels;
  return saved > 0 ? (alpha * saved) / (beta * (levels - (n - 1) / n)) : Infinity;
}
