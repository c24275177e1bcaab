// Steps that 5.1 is tried on: tokens by rank and micro-batch, and the gradients that are right.
import { draws } from "worldsize/exercise";

/** Which parameters a micro-batch uses. */
type Uses = "both" | "weights" | "biases";

export interface Batch {
  /** A row per token: inputs, targets, and whether it counts. */
  readonly tokens: readonly {
    readonly x: readonly number[];
    readonly y: readonly number[];
    readonly counts: boolean;
  }[];
  readonly uses: Uses;
}

export interface Case {
  /** Follows "in the step in which". */
  readonly words: string;
  readonly weights: readonly (readonly number[])[];
  readonly biases: readonly number[];
  /** By rank. */
  readonly batches: readonly (readonly Batch[])[];
}

/** Gradients: weights row by row, then biases; and the sum of losses and the count. */
export interface Sums {
  readonly gradients: readonly number[];
  readonly loss: number;
  readonly count: number;
}

/** Half the squared error of x W + b, summed over the tokens that count. */
export function sumsOf({ weights, biases }: Case, batches: readonly Batch[]): Sums {
  const gradients = [...weights.flat(), ...biases].map(() => 0);
  let loss = 0;
  let count = 0;
  for (const { tokens, uses } of batches) {
    for (const { x, y, counts } of tokens) {
      if (!counts) continue;
      count++;
      for (const [o, bias] of biases.entries()) {
        const product = uses === "biases" ? 0 : x.reduce((sum, each, i) => sum + each * weights[i][o], 0);
        const error = product + (uses === "weights" ? 0 : bias) - y[o];
        loss += (error * error) / 2;
        if (uses !== "biases") for (const [i, each] of x.entries()) gradients[i * biases.length + o] += each * error;
        if (uses !== "weights") gradients[weights.length * biases.length + o] += error;
      }
    }
  }
  return { gradients, loss, count };
}

/** Tokens of a model w = 1, b = 0 whose error is as given: so the weight's gradient is x times it. */
function tokens(xs: readonly number[], error = 1, counts = true): Batch {
  return { tokens: xs.map((x) => ({ x: [x], y: [x - error], counts })), uses: "both" };
}

const ignored = tokens([7, 9], 3, false);

/** The steps of a run: the known ones, and one that is drawn. */
export function casesOf(seed: number, size: number): Case[] {
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  const small = { weights: [[1]], biases: [0] };
  const last = size - 1;
  const by = (words: string, of: (rank: number) => Batch[]): Case => ({ ...small, words, batches: ranks.map(of) });
  return [
    by("every rank has A (x = 1, 1, 1) and B (x = 5)", () => [tokens([1, 1, 1]), tokens([5])]),
    by("the last rank has one token, x = 5, and the others have three, x = 1, cut in two", (rank) =>
      rank < last
        ? [tokens([1, 1]), tokens([1])]
        : size === 1
          ? [tokens([1, 1]), tokens([1]), tokens([5])]
          : [tokens([5])],
    ),
    by("all labels of rank 0 are ignored", (rank) => {
      const others = [tokens([1, 2 + rank], 2), tokens([3], 3)];
      return rank > 0 ? others : size === 1 ? [ignored, ...others] : [ignored];
    }),
    by("the weight is used in first micro-batches only, and the bias in second ones only", (rank) => [
      { ...tokens([1 + 2 * rank, 1 + rank]), uses: "weights" },
      { tokens: [{ x: [0], y: [-1 - 2 * rank], counts: true }], uses: "biases" },
    ]),
    by("rank 0 has no micro-batch, and each other rank one more than the rank before it", (rank) =>
      Array.from({ length: size === 1 ? 3 : rank }, (_, i) => tokens([2 + i, ...Array<number>(i).fill(4)], 1 + rank)),
    ),
    drawn(seed, size),
    by("no label counts on any rank", (rank) => (rank % 2 === 0 ? [ignored, ignored] : [])),
  ];
}

/** Three inputs and two outputs; two micro-batches per rank, the seed chooses their numbers. */
function drawn(seed: number, size: number): Case {
  const random = draws(seed, 51);
  const number = (): number => Math.floor(33 * random()) / 8 - 2;
  const list = (length: number): number[] => Array.from({ length }, number);
  const weights = [list(2), list(2), list(2)];
  const biases = list(2);
  const batch = (): Batch => ({
    tokens: Array.from({ length: 1 + Math.floor(4 * random()) }, (_, i) => ({
      x: list(3),
      y: list(2),
      counts: i === 0 || random() < 0.7,
    })),
    uses: "both",
  });
  const batches = Array.from({ length: size }, () => [batch(), batch()]);
  return { words: "3 inputs, 2 outputs and all tokens are drawn", weights, biases, batches };
}
