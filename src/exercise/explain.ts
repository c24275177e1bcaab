/** Inputs that tell whose they were, and what a wrong result is made of. */
import { mulberry32 } from "../platform/random.ts";

/** Uniform numbers in [0, 1) that depend on the seed and on the labels only. */
export function draws(seed: number, ...labels: readonly number[]): () => number {
  const mixed = labels.reduce((h, label) => Math.imul(h ^ (label + 0x9e37), 0x85ebca6b) ^ (h >>> 13), seed | 0);
  return mulberry32(mixed >>> 0);
}

/**
 * Whole numbers from 1 to 65,535: sums of 100 of them are exact in f32, and their sums tell
 * which of them are in it.
 */
export function wholes(seed: number, count: number, ...labels: readonly number[]): number[] {
  const random = draws(seed, ...labels);
  return Array.from({ length: count }, () => 1 + Math.floor(random() * 65_535));
}

/** Most sums tried. */
const TRIED = 100_000;

/**
 * What a value is made of, in terms of the ranks' contributions: "rank 2's number is missing",
 * "rank 0's number counts twice". Tries every way to count each rank 0 to 2 times.
 * @returns undefined when no such way gives the value.
 */
export function explainSum(value: number, contributions: readonly number[]): string | undefined {
  const n = contributions.length;
  if (3 ** n > TRIED) return undefined;
  let best: number[] | undefined;
  let oddest = Infinity;
  const times = Array<number>(n).fill(0);
  const search = (rank: number, rest: number): void => {
    if (rank === n) {
      const odd = times.filter((count) => count !== 1).length;
      if (Math.abs(rest) < 0.5 && odd < oddest) {
        best = [...times];
        oddest = odd;
      }
      return;
    }
    for (times[rank] = 0; times[rank] <= 2; times[rank]++) search(rank + 1, rest - times[rank] * contributions[rank]);
    times[rank] = 0;
  };
  search(0, value);
  if (!best) return undefined;
  const name = (count: number): string[] => best?.flatMap((c, rank) => (c === count ? [`rank ${rank}'s`] : [])) ?? [];
  const parts: string[] = [];
  if (name(1).length === 1 && name(0).length === n - 1 && n > 1) return `it is ${name(1)[0]} number alone`;
  if (name(0).length === n) return "it is no rank's number: nothing was added";
  if (name(0).length > 0) parts.push(`${join(name(0))} number${name(0).length > 1 ? "s are" : " is"} missing`);
  if (name(2).length > 0) parts.push(`${join(name(2))} number${name(2).length > 1 ? "s count" : " counts"} twice`);
  return parts.join(", and ") || undefined;
}

function join(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** A number in seven digits, about as many as an f32 has: 2.140000104904175 is 2.14. Of what is not there, `undefined`. */
export function short(value: number | undefined): string {
  return String(value && Number(value.toPrecision(7)));
}
