// Layers that 6.1 is tried on, whole and by rank, and what is right.
import { draws } from "worldsize/exercise";

export type Matrix = readonly (readonly number[])[];

export interface Case {
  readonly words: string;
  /** [tokens, in] */
  readonly x: Matrix;
  /** [out, in] */
  readonly w: Matrix;
  readonly b: readonly number[];
  /** [tokens, out] */
  readonly dy: Matrix;
}

const count = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
  [9, 10, 11, 12],
];

/** The example, two tokens of it, and layers that are drawn: whole numbers, so that sums are exact. */
export function casesOf(seed: number): Case[] {
  const bias = [100, 200, 300];
  const ones = [1, 1, 1];
  const random = draws(seed, 61);
  const matrix = (rows: number, columns: number): number[][] =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.floor(41 * random()) - 20));
  const drawn = (words: string, tokens: number, inputs: number, outputs: number): Case => ({
    words,
    x: matrix(tokens, inputs),
    w: matrix(outputs, inputs),
    b: matrix(1, outputs)[0],
    dy: matrix(tokens, outputs),
  });
  return [
    { words: "the example", x: [[1, 2, 3, 4]], w: count, b: bias, dy: [ones] },
    {
      words: "the example with two tokens",
      x: [
        [1, 2, 3, 4],
        [4, 0, -1, 2],
      ],
      w: count,
      b: bias,
      dy: [ones, ones],
    },
    drawn("7 inputs and 11 outputs", 3, 7, 11),
    drawn("one input and one output", 2, 1, 1),
    drawn("30 inputs and 30 outputs", 4, 30, 30),
  ];
}

/** From where to where a rank has something of a length: the first ranks have one more. */
export function shareOf(length: number, size: number, rank: number): [number, number] {
  const from = (r: number): number => Math.floor(length / size) * r + Math.min(r, length % size);
  return [from(rank), from(rank + 1)];
}

export const columnsOf = (m: Matrix, [from, to]: readonly [number, number]): Matrix =>
  m.map((row) => row.slice(from, to));
export const rowsOf = (m: Matrix, [from, to]: readonly [number, number]): Matrix => m.slice(from, to);

/** a times b; of no columns zeros. @param width columns of b. */
export function product(a: Matrix, b: Matrix, width: number): number[][] {
  return a.map((row) => Array.from({ length: width }, (_, j) => row.reduce((sum, each, i) => sum + each * b[i][j], 0)));
}

export function transposed(m: Matrix, columns: number): number[][] {
  return Array.from({ length: columns }, (_, j) => m.map((row) => row[j]));
}

/** What each function should return on a rank, row by row. */
export function rightOn(given: Case, size: number, rank: number) {
  const { x, w, b, dy } = given;
  const [inputs, outputs] = [x[0].length, b.length];
  const ins = shareOf(inputs, size, rank);
  const outs = shareOf(outputs, size, rank);
  const y = product(x, transposed(w, inputs), outputs).map((row) => row.map((value, o) => value + b[o]));
  const dx = product(dy, w, inputs);
  const dw = product(transposed(dy, outputs), x, inputs);
  const db = b.map((_, o) => dy.reduce((sum, row) => sum + row[o], 0));
  return {
    columnForward: { y: columnsOf(y, outs) },
    columnBackward: { dx, dw: rowsOf(dw, outs), db: [db.slice(...outs)] },
    rowForward: { y },
    rowBackward: { dx: columnsOf(dx, ins), dw: columnsOf(dw, ins), db: [db] },
  };
}
