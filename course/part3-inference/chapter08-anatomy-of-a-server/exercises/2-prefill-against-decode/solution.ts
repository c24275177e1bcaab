// What a step of a decoder computes and reads, where each weight, key and value has four bytes.
interface Shape {
  width: number;
  ffnWidth: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabulary: number;
}

interface Row {
  start: number;
  count: number;
  draws: boolean;
}

const BYTES = 4;

function layer({ width, ffnWidth, heads, kvHeads, headDim }: Shape): number {
  return width * headDim * (2 * heads + 2 * kvHeads) + 3 * width * ffnWidth;
}

/** Two for each product with a weight, and those of attention. */
export function flops(shape: Shape, rows: Row[]): number {
  const { layers, heads, headDim, width, vocabulary } = shape;
  let sum = 0;
  for (const { start, count, draws } of rows) {
    const pairs = count * start + (count * (count + 1)) / 2;
    sum += 2 * count * layers * layer(shape) + 4 * layers * heads * headDim * pairs;
    sum += draws ? 2 * width * vocabulary : 0;
  }
  return sum;
}

/** The weights once, and each row's keys and values. */
export function bytes(shape: Shape, rows: Row[]): number {
  const { layers, kvHeads, headDim, width, vocabulary } = shape;
  let elements = layers * layer(shape) + width * vocabulary;
  for (const { start, count } of rows) elements += 2 * layers * kvHeads * headDim * (start + count);
  return BYTES * elements;
}

/** Sequences of so many tokens that have to decode together; 0 if no number is enough. */
export function fewest(shape: Shape, length: number, flopsPerByte: number): number {
  const row = { start: length - 1, count: 1, draws: true };
  const weights = bytes(shape, []);
  const own = bytes(shape, [row]) - weights;
  const gain = flops(shape, [row]) - flopsPerByte * own;
  return gain <= 0 ? 0 : Math.ceil((flopsPerByte * weights) / gain);
}
