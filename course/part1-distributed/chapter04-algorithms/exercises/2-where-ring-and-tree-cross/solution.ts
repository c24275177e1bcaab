// 2 L (α + Bβ) = 2 (n - 1)(α + Bβ/n), solved for B.
export function crossover(n: number, alpha: number, beta: number): number | undefined {
  const levels = Math.ceil(Math.log2(n));
  const saved = alpha * (n - 1 - levels); // latency that the tree saves
  const extra = beta * (levels - (n - 1) / n); // seconds that each byte of the tensor costs it
  return saved > 0 ? saved / extra : undefined;
}
