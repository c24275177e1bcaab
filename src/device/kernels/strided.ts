/** Sizes of what kernels walk along four axes. */
import { dtypes } from "../dtype.ts";

/** Bytes of an element, by the dtype's code. */
export const bytesOf: readonly number[] = Object.values(dtypes).map((info) => info.bytes);

/** The product of four scalars from `at` on. */
export const product4 = (s: readonly number[], at: number): number => s[at] * s[at + 1] * s[at + 2] * s[at + 3];

/** Elements from the first to just past the last one that four strided axes reach. */
export function reach(s: readonly number[], sizes: number, strides: number): number {
  let last = 0;
  for (let axis = 0; axis < 4; axis++) {
    if (s[sizes + axis] === 0) return 0;
    last += (s[sizes + axis] - 1) * s[strides + axis];
  }
  return last + 1;
}
