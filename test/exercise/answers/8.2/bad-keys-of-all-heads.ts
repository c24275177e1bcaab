/** Counts keys and values of every head, as if each had its own. */
interface Shape { width: number; ffnWidth: number; layers: number; heads: number; kvHeads: number; headDim: number; vocabulary: number } // biome-ignore format: as in the task
interface StepRow { start: number; count: number; draws: boolean } // biome-ignore format: as in the task

const weights = (s: Shape): number =>
  s.layers * (2 * s.width * s.headDim * (s.heads + s.kvHeads) + 3 * s.width * s.ffnWidth);

export function flops(s: Shape, rows: StepRow[]): number {
  let sum = 0;
  for (const { start, count, draws } of rows) {
    sum += 2 * count * weights(s) + (draws ? 2 * s.width * s.vocabulary : 0);
    for (let i = 0; i < count; i++) sum += 4 * s.layers * s.heads * s.headDim * (start + i + 1);
  }
  return sum;
}

export function bytes(s: Shape, rows: StepRow[]): number {
  let sum = weights(s) + s.width * s.vocabulary;
  for (const { start, count } of rows) sum += 2 * s.layers * s.heads * s.headDim * (start + count);
  return 4 * sum;
}

export function fewest(s: Shape, length: number, flopsPerByte: number): number {
  const row = { start: length - 1, count: 1, draws: true };
  const read = bytes(s, []);
  const gain = flops(s, [row]) - flopsPerByte * (bytes(s, [row]) - read);
  return gain <= 0 ? 0 : Math.ceil((flopsPerByte * read) / gain);
}
