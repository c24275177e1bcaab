// The model that 7.3 is tried on, and the parts of its gradients, micro-batch by micro-batch, worked out in f64.
import { draws } from "worldsize/exercise";

export const WORDS = 5;
export const WIDTH = 3;

export type Matrix = number[][];

export interface MicroBatch {
  readonly tokens: number[];
  /** One for each token. */
  readonly targets: number[];
}

export interface Case {
  readonly words: string;
  /** By run of the schedule. */
  readonly runs: readonly (readonly MicroBatch[])[];
  /** Words that go in and come out: at the first stage and at the last. */
  readonly table: Matrix;
  /** Of each stage. */
  readonly weights: readonly Matrix[];
}

/** Tokens of each micro-batch, by run: of one run, of two, and of runs of one. */
const LENGTHS = [
  { words: "one run, 3 + 1 + 2 + 2 tokens", runs: [[3, 1, 2, 2]] },
  { words: "two runs, 2 + 2 + 2 and 1 + 4 tokens", runs: [[2, 2, 2], [1, 4]] }, // biome-ignore format: a table
  { words: "three runs, 2 and 3 and 2 tokens", runs: [[2], [3], [2]] },
] as const;

/** Steps for so many stages. */
export function casesOf(seed: number, stages: number): Case[] {
  return LENGTHS.map(({ words, runs }, at) => {
    const random = draws(seed, 73, at);
    const word = (): number => Math.floor(WORDS * random());
    const matrix = (rows: number): Matrix =>
      Array.from({ length: rows }, () => Array.from({ length: WIDTH }, () => Math.floor(65 * random()) / 32 - 1));
    return {
      words,
      runs: runs.map((lengths) =>
        lengths.map((length) => ({
          tokens: Array.from({ length }, word),
          targets: Array.from({ length }, word),
        })),
      ),
      table: matrix(WORDS),
      weights: Array.from({ length: stages }, () => matrix(WIDTH)),
    };
  });
}

/** What one micro-batch gives, its loss being the sum over its tokens. */
export interface Part {
  readonly run: number;
  /** Of all micro-batches of the step. */
  readonly place: number;
  readonly tokens: number;
  readonly loss: number;
  readonly weights: readonly Matrix[];
  /** The table's, where words go in, and where they come out. */
  readonly lookup: Matrix;
  readonly head: Matrix;
}

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, each, k) => sum + each * b[k][j], 0)));
const turned = (a: Matrix): Matrix => a[0].map((_, j) => a.map((row) => row[j]));
const plus = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((each, j) => each + b[i][j]));

/** All micro-batches of a step, in order. */
export function partsOf({ runs, table, weights }: Case): Part[] {
  let place = 0;
  return runs.flatMap((run, r) =>
    run.map(({ tokens, targets }): Part => {
      const stream = [tokens.map((token) => table[token])];
      const moved: Matrix[] = [];
      for (const weight of weights) {
        const x = stream[stream.length - 1];
        moved.push(times(x, weight).map((row) => row.map(Math.tanh)));
        stream.push(plus(x, moved[moved.length - 1]));
      }
      const y = stream[stream.length - 1];
      let loss = 0;
      const dlogits = times(y, turned(table)).map((logits, t) => {
        const largest = Math.max(...logits);
        const sum = logits.reduce((all, each) => all + Math.exp(each - largest), 0);
        loss += largest + Math.log(sum) - logits[targets[t]];
        return logits.map((each, w) => Math.exp(each - largest) / sum - (w === targets[t] ? 1 : 0));
      });
      const head = times(turned(dlogits), y);
      let dy = times(dlogits, table);
      const gradients: Matrix[] = [];
      for (let stage = weights.length - 1; stage >= 0; stage--) {
        const dz = dy.map((row, t) => row.map((each, j) => each * (1 - moved[stage][t][j] ** 2)));
        gradients.unshift(times(turned(stream[stage]), dz));
        dy = plus(dy, times(dz, turned(weights[stage])));
      }
      const lookup = table.map((row) => row.map(() => 0));
      for (const [t, token] of tokens.entries()) lookup[token] = lookup[token].map((each, j) => each + dy[t][j]);
      return { run: r, place: place++, tokens: tokens.length, loss, weights: gradients, lookup, head };
    }),
  );
}
