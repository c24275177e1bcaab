// Micro-batches that 7.6 is tried on, and what is right of them; and what it would be by other conventions, and by mistakes.
import { draws } from "worldsize/exercise";

export interface Layer {
  readonly scores: readonly (readonly number[])[];
  readonly chosen: readonly (readonly number[])[];
}

export interface Part {
  readonly layers: readonly Layer[];
  readonly real: readonly boolean[];
}

export interface Case {
  readonly words: string;
  readonly factor: number;
  /** Micro-batches of the step, on all ranks together. */
  readonly parts: readonly Part[];
}

/** Which of a step's micro-batches a rank has. */
export const partsOf = ({ parts }: Case, size: number, rank: number): Part[] =>
  parts.filter((_, i) => i % size === rank);

/** The k largest of a row. */
const largest = (row: readonly number[], k: number): number[] =>
  row
    .map((score, e) => ({ score, e }))
    .sort((a, b) => b.score - a.score || a.e - b.e)
    .slice(0, k)
    .map(({ e }) => e);

export function casesOf(seed: number): Case[] {
  const random = draws(seed, 76);
  const layer = (scores: number[][], k: number): Layer => ({ scores, chosen: scores.map((row) => largest(row, k)) });
  const drawn = (tokens: number, experts: number, k: number, layers = 1): Part => ({
    layers: Array.from({ length: layers }, () =>
      layer(
        Array.from({ length: tokens }, () => Array.from({ length: experts }, (_, e) => 2 * random() - 1 + 0.3 * e)),
        k,
      ),
    ),
    real: Array<boolean>(tokens).fill(true),
  });
  const withPadding = (part: Part, padding: number): Part => ({
    layers: part.layers.map(({ scores, chosen }) => ({
      scores: [...scores, ...Array.from({ length: padding }, () => scores[0].map((_, e) => (e === 0 ? 3 : 0)))],
      chosen: [...chosen, ...Array.from({ length: padding }, () => chosen[0].map((_, i) => i))],
    })),
    real: [...part.real, ...Array<boolean>(padding).fill(false)],
  });
  const allTo = (e: number): number[][] => [e, e, e].map(() => (e === 0 ? [20, -20] : [-20, 20]));
  const nobody = withPadding(drawn(1, 4, 2), 2);
  return [
    {
      words: "two layers, of which one sends all tokens to expert 0 and the other all to expert 1",
      factor: 1,
      parts: [{ layers: [layer(allTo(0), 1), layer(allTo(1), 1)], real: [true, true, true] }],
    },
    {
      words: "four tokens with equal scores, each of two of four experts in turn",
      factor: 1,
      parts: [
        {
          layers: [
            {
              scores: Array.from({ length: 4 }, () => [0, 0, 0, 0]),
              chosen: [[0, 1], [2, 3], [1, 2], [3, 0]], // biome-ignore format: a table
            },
          ],
          real: [true, true, true, true],
        },
      ],
    },
    { words: "four micro-batches of equally many tokens", factor: 0.5, parts: [1, 2, 3, 4].map(() => drawn(3, 4, 1)) },
    {
      words: "micro-batches of 1, 6, 3 and 2 tokens, and two layers",
      factor: 0.1,
      parts: [1, 6, 3, 2].map((tokens) => drawn(tokens, 5, 2, 2)),
    },
    {
      words: "a micro-batch with padding",
      factor: 1,
      parts: [withPadding(drawn(4, 3, 1), 5), drawn(2, 3, 1)],
    },
    {
      words: "a micro-batch of padding alone",
      factor: 1,
      parts: [drawn(3, 4, 2), { ...nobody, real: nobody.real.map(() => false) }],
    },
    {
      words: "scores of 1,000",
      factor: 1,
      parts: [{ layers: [layer([[1000, 0, -1000], [0, 999, 1000]], 1)], real: [true, true] }], // biome-ignore format: a table
    },
  ];
}

/** Forms of a mixture, and whether the router's scores get a gradient from the weights of the chosen. */
export const forms: readonly (readonly [experts: number, perToken: number, normalized: boolean, learns: boolean])[] = [
  [8, 1, true, false],
  [8, 1, false, true],
  [8, 2, true, true],
  [4, 4, true, true],
  [4, 4, false, true],
  [1, 1, true, false],
  [1, 1, false, false],
];

/** What may be different in a wrong answer. */
export interface Ways {
  /** Choices are not divided by k. */
  readonly timesK?: boolean;
  readonly concatenated?: boolean;
  readonly averaged?: boolean;
  readonly padded?: boolean;
  /** How much a micro-batch counts: its share of the step's tokens, if not given. */
  readonly counts?: (tokens: number, part: number) => number;
}

export interface Right {
  readonly value: number;
  /** By micro-batch, layer, token and expert. */
  readonly gradients: number[][][][];
}

/** @param counts which tokens are real. */
const realOf = ({ real }: Part, { padded }: Ways): readonly boolean[] => (padded ? real.map(() => true) : real);
export const tokensOf = (part: Part, ways: Ways = {}): number => realOf(part, ways).filter(Boolean).length;

export function rightOf({ parts, factor }: Pick<Case, "parts" | "factor">, ways: Ways = {}): Right {
  const total = parts.reduce((sum, part) => sum + tokensOf(part, ways), 0);
  let value = 0;
  const gradients = parts.map((part, p) => {
    const own = realOf(part, ways);
    const tokens = tokensOf(part, ways);
    const weight = tokens === 0 ? 0 : factor * (ways.counts?.(tokens, p) ?? tokens / total);
    const layers = ways.concatenated
      ? [{ scores: part.layers.flatMap((each) => each.scores), chosen: part.layers.flatMap((each) => each.chosen) }]
      : part.layers;
    const repeats = ways.concatenated ? part.layers.length : 1;
    return layers.map(({ scores, chosen }) => {
      const isReal = (t: number): boolean => own[t % own.length];
      const experts = scores[0].length;
      const k = chosen[0].length;
      const all = scores.map(softmax);
      const share = Array.from({ length: experts }, (_, e) => {
        const choices = chosen.filter((list, t) => isReal(t) && list.includes(e)).length;
        return choices / (Math.max(1, tokens) * repeats * (ways.timesK ? 1 : k));
      });
      const mean = share.map(
        (_, e) => all.reduce((sum, row, t) => sum + (isReal(t) ? row[e] : 0), 0) / (Math.max(1, tokens) * repeats),
      );
      const scale = (experts * weight) / (ways.averaged ? part.layers.length : 1);
      value += scale * share.reduce((sum, each, e) => sum + each * mean[e], 0);
      return all.map((row, t) => {
        const along = row.reduce((sum, each, e) => sum + each * share[e], 0);
        return row.map((each, e) => (isReal(t) ? (scale / tokens / repeats) * each * (share[e] - along) : 0));
      });
    });
  });
  return { value, gradients };
}

function softmax(row: readonly number[]): number[] {
  const top = Math.max(...row);
  const exps = row.map((each) => Math.exp(each - top));
  const sum = exps.reduce((a, b) => a + b);
  return exps.map((each) => each / sum);
}
