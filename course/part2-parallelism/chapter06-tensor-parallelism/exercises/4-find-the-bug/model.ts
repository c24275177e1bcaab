// The model that 6.4 is tried on, and its gradients over all tokens on one rank, worked out in f64.
import { draws } from "worldsize/exercise";

export const WORDS = 5;
export const WIDTH = 3;
/** Hidden units, cut among the ranks. */
export const UNITS = 7;
const EPS = 1e-5;

export type Matrix = number[][];

/** The cut weights first: mistakes in what is not cut leave their gradients right. */
export const NAMES = ["up", "down", "head", "bias", "norm"] as const;
export type Name = (typeof NAMES)[number];

/** Row by row; norm and bias are one row each. */
export type Weights = Record<Name, Matrix>;

export interface Case {
  readonly words: string;
  readonly tokens: readonly number[];
  /** Where the ranks' runs of tokens begin, and the end: rank r has those from cuts[r] to cuts[r + 1]. */
  readonly cuts: readonly number[];
  readonly table: Matrix;
  readonly weights: Weights;
}

/** Sequences for so many ranks: runs that differ in length, and a last rank with one token, which has no label. */
export function casesOf(seed: number, size: number): Case[] {
  const runs = [
    Array.from({ length: size }, (_, r) => 4 - (r % 3)),
    Array.from({ length: size }, (_, r) => (r === size - 1 ? 1 : 2 + (r % 2))),
    Array.from({ length: size }, (_, r) => 2 + ((3 * r) % 4)),
  ];
  runs[1][0] += size === 1 ? 2 : 0;
  return runs.map((lengths, at) => {
    const random = draws(at === 0 ? 64 : seed, 64, at);
    const matrix = (rows: number, columns: number): Matrix =>
      Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.floor(33 * random()) / 16 - 1));
    const cuts = Array.from({ length: size + 1 }, (_, r) => lengths.slice(0, r).reduce((sum, each) => sum + each, 0));
    const count = cuts[size];
    return {
      words: `${count} tokens in runs of ${lengths.join(", ")}`,
      tokens: Array.from({ length: count }, () => Math.floor(WORDS * random())),
      cuts,
      table: matrix(WORDS, WIDTH).map((row) => row.map((value) => value + 0.25)),
      weights: {
        up: matrix(UNITS, WIDTH),
        down: matrix(WIDTH, UNITS),
        head: matrix(WORDS, WIDTH),
        bias: matrix(1, WIDTH),
        norm: matrix(1, WIDTH).map((row) => row.map((value) => 1 + value / 4)),
      },
    };
  });
}

/** From where to where a rank has units: the first ranks have one more. */
export function unitsOf(size: number, rank: number): [number, number] {
  const from = (r: number): number => Math.floor(UNITS / size) * r + Math.min(r, UNITS % size);
  return [from(rank), from(rank + 1)];
}

/** What follows each token, or undefined for the last: of all of them, or of each rank's own. */
export function labelsOf({ tokens, cuts }: Case, isCutFirst: boolean): (number | undefined)[] {
  return tokens.map((_, t) => (isCutFirst && cuts.includes(t + 1) ? undefined : tokens[t + 1]));
}

/** A token's part of the gradients, and of the loss. */
export interface Part {
  readonly loss: number;
  readonly gradients: Weights;
}

/**
 * By token: its loss over how many labels count, and the gradients of that.
 * @param labels undefined where a token has none. @param biases how often the bias is added.
 */
export function partsOf(given: Case, labels: readonly (number | undefined)[], biases = 1): Part[] {
  const { tokens, table, weights } = given;
  const count = labels.filter((label) => label !== undefined).length;
  return tokens.map((token, t) => partOf(table[token], weights, labels[t], { count, biases }));
}

function partOf(
  x: readonly number[],
  { norm: [norm], up, down, bias: [bias], head }: Weights,
  label: number | undefined,
  { count, biases }: { count: number; biases: number },
): Part {
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, each, i) => sum + each * b[i], 0);
  const outer = (a: readonly number[], b: readonly number[]): Matrix => a.map((each) => b.map((other) => each * other));
  const back = (dy: readonly number[], rows: Matrix): number[] =>
    rows[0].map((_, i) =>
      dot(
        dy,
        rows.map((row) => row[i]),
      ),
    );
  const length = Math.sqrt(dot(x, x) / x.length + EPS);
  const unit = x.map((each) => each / length);
  const normed = unit.map((each, i) => each * norm[i]);
  const units = up.map((row) => Math.tanh(dot(row, normed)));
  const y = x.map((each, i) => each + dot(down[i], units) + biases * bias[i]);
  const logits = head.map((row) => dot(row, y));
  const top = Math.max(...logits);
  const total = logits.reduce((sum, each) => sum + Math.exp(each - top), 0);
  const dlogits = logits.map((each, word) =>
    label === undefined ? 0 : (Math.exp(each - top) / total - (word === label ? 1 : 0)) / count,
  );
  const dy = back(dlogits, head);
  const inner = back(dy, down).map((each, j) => each * (1 - units[j] ** 2));
  const dnormed = back(inner, up);
  return {
    loss: label === undefined ? 0 : (Math.log(total) + top - logits[label]) / count,
    gradients: {
      up: outer(inner, normed),
      down: outer(dy, units),
      head: outer(dlogits, y),
      bias: [dy.map((each) => biases * each)],
      norm: [dnormed.map((each, i) => each * unit[i])],
    },
  };
}

/** The sum of some tokens' gradients of one weight. */
export function sumOf(parts: readonly Part[], name: Name, zeros: Matrix): Matrix {
  return parts.reduce<Matrix>(
    (sum, { gradients }) => sum.map((row, r) => row.map((value, c) => value + gradients[name][r][c])),
    zeros.map((row) => row.map(() => 0)),
  );
}

/** A rank's share of a weight, or of its gradient: rows of up, columns of down, and all of the others. */
export function shareOf(name: Name, whole: Matrix, size: number, rank: number): Matrix {
  const [from, to] = unitsOf(size, rank);
  if (name === "up") return whole.slice(from, to);
  return name === "down" ? whole.map((row) => row.slice(from, to)) : whole;
}
