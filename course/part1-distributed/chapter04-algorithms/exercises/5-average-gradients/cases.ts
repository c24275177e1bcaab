// What is averaged in 4.5: shapes of gradients, the size of a bucket, and the numbers.
import { draws, wholes } from "worldsize/exercise";

export interface Case {
  /** Of the gradients, in the order in which backward makes them. */
  readonly shapes: readonly (readonly number[])[];
  readonly bucketBytes: number;
}

/**
 * By run of a world size. Only a last bucket has fewer elements than there are ranks: everywhere else each bucket
 * takes 2 (n - 1) messages, none of them empty.
 */
export function caseOf(seed: number, variant: number): Case {
  switch (variant % 5) {
    case 0: // 40 and 24 bytes fill a bucket exactly; 80 fit in none; 48 do not fit beside 12 and 20
      return { shapes: [[10], [2, 3], [5, 4], [3], [5], [4, 3]], bucketBytes: 64 };
    case 1: // one is empty
      return { shapes: [[7], [0, 3], [6, 3], [1], [3, 4]], bucketBytes: 100 };
    case 2: // one is huge, and the rest fit in one bucket each side of it
      return { shapes: [[9], [64, 5], [2, 2], [1]], bucketBytes: 48 };
    case 3: {
      const random = draws(seed, 45);
      const shapes = Array.from({ length: 9 }, () => [8 + Math.floor(random() * 30)]);
      return { shapes, bucketBytes: 4 * (40 + Math.floor(random() * 20)) };
    }
    default: // no two fit in one
      return { shapes: [[5, 2], [9], [13], [8]], bucketBytes: 16 };
  }
}

export const elementsOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** A bucket: its gradients, from the first to the last, and their elements together. */
export interface Bucket {
  readonly first: number;
  readonly last: number;
  readonly elements: number;
}

/** Consecutive gradients, as many as fit; one that fits in no bucket has its own. */
export function bucketsOf({ shapes, bucketBytes }: Case): Bucket[] {
  const buckets: Bucket[] = [];
  for (const [i, shape] of shapes.entries()) {
    const elements = elementsOf(shape);
    const open = buckets.at(-1);
    if (open && 4 * (open.elements + elements) <= bucketBytes) {
      buckets[buckets.length - 1] = { ...open, last: i, elements: open.elements + elements };
    } else buckets.push({ first: i, last: i, elements });
  }
  return buckets;
}

/** A rank's numbers in each gradient, all with a half; the first run of a world size has the same at every seed. */
export function numbersOf(seed: number, variant: number, rank: number): number[][] {
  const { shapes } = caseOf(seed, variant);
  return shapes.map((shape, i) =>
    wholes(variant === 0 ? 45 : seed, elementsOf(shape), rank, i).map((whole) => whole + 0.5),
  );
}

/** `gradients 0 to 2`, `gradient 3` */
export function wordsOf({ first, last }: Bucket): string {
  if (first === last) return `gradient ${first}`;
  return `gradients ${first} ${last === first + 1 ? "and" : "to"} ${last}`;
}
