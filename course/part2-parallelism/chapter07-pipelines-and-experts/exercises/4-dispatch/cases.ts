// Tokens and choices that 7.4 is tried on, by rank; and what is right, worked out on one rank.
import { draws } from "worldsize/exercise";

export const WIDTH = 6;
export const DROPPED = -1;

/** What a rank has. */
export interface Share {
  readonly x: readonly (readonly number[])[];
  readonly chosen: readonly (readonly number[])[];
  readonly weight: readonly (readonly number[])[];
}

export interface Case {
  readonly words: string;
  /** Experts of each rank. */
  readonly own: number;
  readonly shares: readonly Share[];
}

/** Expert e makes of each number: (e + 2) times it, and 100 (e + 1) more. Zeros that are no token would be noticed. */
export const expertOf = (e: number, x: number): number => (e + 2) * x + 100 * (e + 1);

/** Cases for so many ranks: first what is asked before, then what people got wrong, then what is drawn. */
export function casesOf(seed: number, size: number): Case[] {
  const random = draws(seed, 74, size);
  const below = (n: number): number => Math.floor(n * random());
  const rowOf = (): number[] => Array.from({ length: WIDTH }, () => below(33) - 16);
  const share = (tokens: number, k: number, choose: (t: number, i: number) => number): Share => {
    const chosen = Array.from({ length: tokens }, (_, t) => Array.from({ length: k }, (_, i) => choose(t, i)));
    const weight = chosen.map((list) => list.map((_, i) => (k === 1 ? 0.5 : [0.75, 0.25][i])));
    return { x: chosen.map(rowOf), chosen, weight };
  };
  const of = (words: string, own: number, each: (rank: number) => Share): Case => ({
    ...{ words, own },
    shares: Array.from({ length: size }, (_, rank) => each(rank)),
  });
  const drawn = (own: number): ((t: number, i: number) => number) => {
    let first = 0;
    return (_, i) => {
      const all = own * size;
      if (i > 0) return (first + 1 + below(all - 1)) % all; // another one
      first = below(all);
      return first;
    };
  };
  return [
    of("three tokens, of experts 0, 1 and 1", 1, () => share(3, 1, (t) => Math.min(t, 1) % size)),
    of("all four tokens of expert 0", 1, () => share(4, 1, () => 0)),
    of("two experts on each rank, two for each token", 2, (rank) => share(4 + rank, 2, drawn(2))),
    of("two choices on one rank", 2, () => share(3, 2, (t, i) => 2 * (t % size) + (1 - i))),
    of("ranks without tokens", 2, (rank) => share(rank % 2 === 0 ? 0 : 5, 2, drawn(2))),
    of("no tokens at all", 2, () => share(0, 2, () => 0)),
    of("choices that were dropped", 3, (rank) => {
      const choose = drawn(3);
      return share(5 + rank, 2, (t, i) => {
        const e = choose(t, i);
        return (t + i + rank) % 3 === 0 ? DROPPED : e;
      });
    }),
  ];
}

/** The result of each of a rank's tokens. @param weighted whether by the weights. */
export function rightOf({ x, chosen, weight }: Share, weighted = true): number[][] {
  return x.map((row, t) =>
    row.map((each) =>
      chosen[t].reduce(
        (sum, e, i) => (e === DROPPED ? sum : sum + (weighted ? weight[t][i] : 1) * expertOf(e, each)),
        0,
      ),
    ),
  );
}

/** How many choices of a rank are of experts of each rank. */
export function rowsTo({ own, shares }: Case, from: number): number[] {
  return shares.map(
    (_, to) => shares[from].chosen.flat().filter((e) => e !== DROPPED && Math.floor(e / own) === to).length,
  );
}

/** How many choices each expert has, of all ranks. */
export function loadsOf({ own, shares }: Case): number[] {
  const all = shares.flatMap(({ chosen }) => chosen.flat());
  return Array.from({ length: own * shares.length }, (_, e) => all.filter((each) => each === e).length);
}
