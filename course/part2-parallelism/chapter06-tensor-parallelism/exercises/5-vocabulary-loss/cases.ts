// Logits and labels that 6.5 is tried on, whole and by rank; and what is right, worked out in f64.
import { draws } from "worldsize/exercise";

export const IGNORED = -100;

export type Matrix = readonly (readonly number[])[];

export interface Case {
  readonly words: string;
  /** Of all columns, padding included: as many on each rank. */
  readonly logits: Matrix;
  readonly labels: readonly number[];
  readonly vocabulary: number;
}

/** Columns of each rank: so many that all ranks together have `atLeast`. */
const columnsOf = (atLeast: number, size: number): number => Math.ceil(atLeast / size);

const f32 = Math.fround;

/** Cases that people got wrong, and some that are drawn. The last rank of five has padding alone in some of them. */
export function casesOf(seed: number, size: number): Case[] {
  const padded = (words: string, rows: Matrix, labels: readonly number[], atLeast: number, padding: number): Case => {
    const columns = size * columnsOf(atLeast, size);
    const fill = (row: readonly number[]): number[] => [...row, ...Array<number>(columns - row.length).fill(padding)];
    return { words, logits: rows.map(fill), labels, vocabulary: rows[0].length };
  };
  const drawn = (label: number, tokens: number, words: number, scale: number): Case => {
    const random = draws(seed, 65, label);
    const rows = Array.from({ length: tokens }, () =>
      Array.from({ length: words }, () => f32(scale * (2 * random() - 1))),
    );
    // Each word in turn, so that every rank has some of the labels; every fourth row is ignored.
    const labels = rows.map((_, t) => (t % 4 === 3 ? IGNORED : (5 * t + Math.floor(2 * random())) % words));
    return padded(`${tokens} tokens over ${words} words`, rows, labels, words + 1, scale * random());
  };
  const zeros = [0, 0, 0, 0, 0];
  return [
    padded("five words with logits 0, padded to 8", [zeros], [3], 8, 0),
    padded("five words with logits 0, and padding with logits 900", [zeros, zeros], [0, 4], 8, 900),
    drawn(0, 6, 11, 4),
    padded(
      "logits of 10,000 and -10,000",
      [
        [1e4, -1e4, 0],
        [-1e4, -1e4, 1e4],
        [-1e4, -1e4, -1e4],
      ],
      [0, 2, 0],
      3,
      0,
    ),
    padded("a label 20,000 below the largest logit", [[1e4, 0, -1e4]], [2], 3, 0),
    padded(
      "a row that is ignored",
      [
        [1, 2, 3, 4],
        [9, 0, 1, 0],
      ],
      [1, IGNORED],
      4,
      0,
    ),
    padded(
      "rows that are all ignored",
      [
        [1, 2, 3],
        [3, 1, 50],
      ],
      [IGNORED, IGNORED],
      3,
      0,
    ),
    drawn(1, 9, 4, 8),
  ];
}

/** A label that is no word of six, by run: below 0, the number of words, in the padding, and far beyond. */
export function badOf(size: number, variant: number): Case & { readonly row: number; readonly label: number } {
  const vocabulary = 6;
  const label = [vocabulary, -3, 13, 2 ** 31 - 1, 7][(variant + size) % 5];
  const columns = size * columnsOf(8, size);
  const [row, tokens] = [4, 5];
  const logits = Array.from({ length: tokens }, () => Array<number>(columns).fill(0));
  return { words: "a label that is no word", logits, labels: [0, IGNORED, 5, 2, label], vocabulary, row, label };
}

/** A rank's columns. */
export function shareOf({ logits }: Case, size: number, rank: number): Matrix {
  const columns = logits[0].length / size;
  return logits.map((row) => row.slice(rank * columns, (rank + 1) * columns));
}

/** What may be different in a wrong answer. */
export interface Ways {
  /** How many columns count as words. */
  readonly vocabulary?: number;
  /** By what the sum over the rows is divided. */
  readonly divisor?: number;
  /** Whether rows count that are to be ignored, with a label's logit of 0. */
  readonly countsIgnored?: boolean;
}

export interface Right {
  readonly loss: number;
  /** Of all columns. */
  readonly gradient: Matrix;
}

/** The mean over the rows that count, and its gradient. */
export function rightOf({ logits, labels, vocabulary }: Case, ways: Ways = {}): Right {
  const count = labels.filter((label) => label !== IGNORED).length;
  const divisor = ways.divisor ?? Math.max(1, count);
  let loss = 0;
  const gradient = logits.map((row, t) => {
    if (labels[t] === IGNORED && !ways.countsIgnored) return row.map(() => 0);
    const words = row.slice(0, ways.vocabulary ?? vocabulary);
    const top = Math.max(...words);
    const total = words.reduce((sum, each) => sum + Math.exp(each - top), 0);
    loss += (Math.log(total) + top - (labels[t] === IGNORED ? top : row[labels[t]])) / divisor;
    return row.map((each, word) =>
      word < words.length ? (Math.exp(each - top) / total - (word === labels[t] ? 1 : 0)) / divisor : 0,
    );
  });
  return { loss, gradient };
}
