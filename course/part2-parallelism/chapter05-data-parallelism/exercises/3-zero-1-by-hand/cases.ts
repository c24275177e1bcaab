// What 5.3 is tried on, and what is right: weights, gradients by rank and step, and what wrong steps would make of them.
import { draws } from "worldsize/exercise";

export interface Case {
  readonly rows: number;
  readonly columns: number;
  readonly lr: number;
  readonly steps: number;
  readonly seed: number;
}

export const casesOf = (seed: number, size: number): Case[] => [
  { rows: 5, columns: 3, lr: 0.5, steps: 3, seed: 53 },
  { rows: 2 * size, columns: 2, lr: 0.25, steps: 2, seed: 54 },
  { rows: 1, columns: 7, lr: 0.125, steps: 2, seed: 55 },
  { rows: 3 * size + 2, columns: 4, lr: 0.375, steps: 3, seed },
];

/** Eighths between -4 and 4. */
function numbers({ rows, columns, seed }: Case, ...labels: number[]): number[] {
  const random = draws(seed, ...labels);
  return Array.from({ length: rows * columns }, () => Math.floor(65 * random()) / 8 - 4);
}

export const weightsOf = (given: Case): number[] => numbers(given, 0);
export const gradientOf = (given: Case, step: number, rank: number): number[] => numbers(given, 1 + step, 1 + rank);

/** First row of a rank's, and of the next one's. */
export function rowsOf({ rows }: Case, size: number, rank: number): [number, number] {
  const k = Math.ceil(rows / size);
  return [Math.min(rows, rank * k), Math.min(rows, (rank + 1) * k)];
}

/** Ways to be wrong. */
export interface Ways {
  /** Factor of the summed gradient. */
  readonly factor?: number;
  /** Each row moves by its owner's gradient alone. */
  readonly alone?: boolean;
  readonly momentum?: number;
}

export interface State {
  readonly w: readonly number[];
  readonly v: readonly number[];
}

/** All rows after each step. */
export function statesOf(given: Case, size: number, { factor = 1, alone = false, momentum = 0.9 }: Ways = {}): State[] {
  let w = weightsOf(given);
  let v = w.map(() => 0);
  const k = Math.ceil(given.rows / size);
  return Array.from({ length: given.steps }, (_, step) => {
    const gradients = Array.from({ length: size }, (_each, rank) => gradientOf(given, step, rank));
    v = v.map((each, i) => {
      const owner = Math.floor(Math.floor(i / given.columns) / k);
      const sum = alone ? gradients[owner][i] : gradients.reduce((all, gradient) => all + gradient[i], 0);
      return momentum * each + factor * sum;
    });
    w = w.map((each, i) => each - given.lr * v[i]);
    return { w, v };
  });
}
