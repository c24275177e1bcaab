// What 6.2 is tried on: pairs to join, and keys and values by rank; and what is right, worked out in f64.
import { draws } from "worldsize/exercise";

/** One query's result: o, and the logarithm of its sum. */
export interface One {
  readonly o: readonly number[];
  readonly lse: number;
}

export interface Pair {
  readonly words: string;
  /** By query. */
  readonly a: readonly One[];
  readonly b: readonly One[];
}

const none = (dim: number): One => ({ o: Array<number>(dim).fill(0), lse: -Infinity });
const f32 = Math.fround;

export function pairsOf(seed: number): Pair[] {
  const random = draws(seed, 62);
  const drawn = (): One => ({
    o: Array.from({ length: 3 }, () => f32(8 * random() - 4)),
    lse: f32(12 * random() - 6),
  });
  const one = (value: number, lse: number): One => ({ o: [value], lse: f32(lse) });
  return [
    { words: "the example (three keys with 1, one with 5)", a: [one(1, Math.log(3))], b: [one(5, 0)] },
    { words: "lse 10,000 and 9,999", a: [one(1, 10_000)], b: [one(2, 9_999)] },
    { words: "lse -10,000 and -9,999", a: [one(1, -10_000)], b: [one(2, -9_999)] },
    { words: "lse 10,000 and -10,000", a: [one(3, -10_000)], b: [one(4, 10_000)] },
    { words: "a that has no keys, and b", a: [none(1)], b: [one(7, 2)] },
    { words: "a, and b that has no keys", a: [one(7, -10_000)], b: [none(1)] },
    { words: "a and b that have no keys", a: [none(1), one(1, 1)], b: [none(1), one(3, 1)] },
    {
      words: "six queries that are drawn",
      a: Array.from({ length: 6 }, drawn),
      b: Array.from({ length: 6 }, (_, i) => (i === 2 ? none(3) : drawn())),
    },
  ];
}

/** Results over the keys of both. */
export function joined(a: One, b: One): One {
  const top = Math.max(a.lse, b.lse);
  if (top === -Infinity) return none(a.o.length);
  const [ofA, ofB] = [a, b].map(({ lse }) => Math.exp(lse - top));
  const total = ofA + ofB;
  return { o: a.o.map((value, i) => (value * ofA + b.o[i] * ofB) / total), lse: top + Math.log(total) };
}

/** A rank's part of a sequence. */
export interface Tokens {
  readonly q: readonly (readonly number[])[];
  readonly k: readonly (readonly number[])[];
  readonly v: readonly (readonly number[])[];
}

export interface Sequence {
  readonly words: string;
  /** By rank. */
  readonly ranks: readonly Tokens[];
}

/** Whole numbers in scores, so that they are exact in f32. */
export function sequencesOf(seed: number, size: number): Sequence[] {
  const make = (words: string, label: number, length: (rank: number) => number, factor: number): Sequence => ({
    words,
    ranks: Array.from({ length: size }, (_, rank) => {
      const random = draws(label < 2 ? label : seed, rank, label);
      const rows = (count: number, scale: number): number[][] =>
        Array.from({ length: count }, () => Array.from({ length: 2 }, () => scale * (Math.floor(5 * random()) - 2)));
      const keys = length(rank);
      return {
        q: rows(2, factor),
        k: rows(keys, factor),
        v: rows(keys, 1).map((row, i) => row.map((x) => x + i / 4 + rank)),
      };
    }),
  });
  return [
    make("one, two or three keys per rank", 0, (rank) => 1 + (rank % 3), 0.5),
    make("scores up to 20,000, and no keys on rank 0", 1, (rank) => (rank === 0 ? 0 : 2), 50),
    make("the drawn one", 2, (rank) => (rank % 2 === 0 ? 3 : 1), 0.5),
    make("no keys at all", 3, () => 0, 1),
  ];
}

/** What a query finds among keys. */
export function foundBy(q: readonly number[], k: Tokens["k"], v: Tokens["v"]): One {
  const scores = k.map((key) => key.reduce((sum, each, i) => sum + each * q[i], 0));
  return scores.reduce<One>((found, score, i) => joined(found, { o: v[i], lse: score }), none(q.length));
}
