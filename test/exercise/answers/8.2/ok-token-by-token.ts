type Shape = {
  width: number;
  ffnWidth: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabulary: number;
};
type Rows = { start: number; count: number; draws: boolean }[];

export function flops(s: Shape, rows: Rows): number {
  const inner = s.heads * s.headDim;
  let total = 0;
  for (const row of rows) {
    for (let i = 0; i < row.count; i++) {
      const projections = 2 * s.width * inner * 2 + 2 * s.width * s.kvHeads * s.headDim * 2;
      total += s.layers * (projections + 6 * s.width * s.ffnWidth + 4 * inner * (row.start + i + 1));
    }
    if (row.draws) total += 2 * s.width * s.vocabulary;
  }
  return total;
}

export function bytes(s: Shape, rows: Rows): number {
  const layer = 2 * s.width * s.headDim * (s.heads + s.kvHeads) + 3 * s.width * s.ffnWidth;
  const keys = rows.reduce((sum, row) => sum + (row.start + row.count) * s.kvHeads * s.headDim, 0);
  return 4 * (s.layers * (layer + 2 * keys) + s.width * s.vocabulary);
}

export function fewest(s: Shape, length: number, flopsPerByte: number): number {
  const row = { start: length - 1, count: 1, draws: true };
  const [f, w] = [flops(s, [row]), bytes(s, [])];
  const k = bytes(s, [row]) - w;
  if (f <= flopsPerByte * k) return 0;
  let n = Math.floor((flopsPerByte * w) / (f - flopsPerByte * k));
  while (n * f < flopsPerByte * (w + n * k)) n++;
  return n;
}
