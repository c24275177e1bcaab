// No formula: halve the range of the logarithm, forty times.

export function crossover(n: number, alpha: number, beta: number): number | undefined {
  const levels = (n - 1).toString(2).length;
  const difference = (bytes: number): number =>
    levels * (alpha + bytes * beta) - (n - 1) * (alpha + (bytes * beta) / n);
  if (difference(0) >= 0) return;
  let [low, high] = [-10, 40];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (difference(Math.exp(middle)) < 0) low = middle;
    else high = middle;
  }
  return Math.exp(high);
}
