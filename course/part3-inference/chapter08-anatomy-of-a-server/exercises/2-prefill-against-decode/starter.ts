// Exercise 8.2: what a step of a decoder computes and reads, where each weight, key and value has four bytes.
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

/** Two for each product with a weight, and those of attention. */
export function flops(_shape: Shape, _rows: Row[]): number {
  return 0;
}

/** The weights once, and each row's keys and values. */
export function bytes(_shape: Shape, _rows: Row[]): number {
  return 0;
}

/** Sequences of so many tokens that have to decode together; 0 if no number is enough. */
export function fewest(_shape: Shape, _length: number, _flopsPerByte: number): number {
  return 0;
}
