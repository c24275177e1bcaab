// Levels are counted, not computed; the two lines are cut as in school.

interface Line {
  readonly start: number;
  readonly slope: number;
}

const cut = (a: Line, b: Line): number => (a.start - b.start) / (b.slope - a.slope);

export const crossover = (n: number, alpha: number, beta: number): number | undefined => {
  let levels = 0;
  for (let reached = 1; reached < n; reached *= 2) levels++;
  const tree = { start: 2 * levels * alpha, slope: 2 * levels * beta };
  const ring = { start: 2 * (n - 1) * alpha, slope: (2 * (n - 1) * beta) / n };
  return ring.start > tree.start ? cut(ring, tree) : undefined;
};
