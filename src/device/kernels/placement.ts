/** Kernels that write into a part of a larger tensor, and one that multiplies by a number in memory. */
import { byAxis, byElements } from "./parts.ts";
import type { Kernel } from "./spec.ts";
import { bytesOf, product4, reach } from "./strided.ts";

/** Scalars are listed in each comment, in order. */
export const placementKernels = {
  /** src, dst | dtype, n0..n3, d0..d3: element (i0, i1, i2, i3) of contiguous src goes to dst[i0 · d0 + i1 · d1 + i2 · d2 + i3 · d3] */
  place: {
    scalars: ["dtype", "n0", "n1", "n2", "n3", "d0", "d1", "d2", "d3"],
    buffers: ["in", "out"],
    bounds: (s) => [product4(s, 1) * bytesOf[s[0]], reach(s, 1, 5) * bytesOf[s[0]]],
    flops: () => 0,
    bytes: (s) => 2 * product4(s, 1) * bytesOf[s[0]],
    run: (k, [src, dst, dtype, n0, n1, n2, n3, d0, d1, d2, d3]) =>
      k.place(bytesOf[dtype], src, dst, n0, n1, n2, n3, d0, d1, d2, d3),
    ...byAxis(3, [{ buffer: 1, strides: 7 }], 0, (a) => ({ strided: bytesOf[a[2]], contiguous: bytesOf[a[2]] })),
  },
  /** src, dst (f32) | n0..n3, d0..d3: as place, but added to what is there. No two elements may go to one place. */
  placeAdd: {
    scalars: ["n0", "n1", "n2", "n3", "d0", "d1", "d2", "d3"],
    buffers: ["in", "inout"],
    bounds: (s) => [product4(s, 0) * 4, reach(s, 0, 4) * 4],
    flops: (s) => product4(s, 0),
    bytes: (s) => 12 * product4(s, 0),
    run: (k, [src, dst, n0, n1, n2, n3, d0, d1, d2, d3]) => k.placeAdd(src, dst, n0, n1, n2, n3, d0, d1, d2, d3),
    ...byAxis(2, [{ buffer: 1, strides: 6 }], 0, () => ({ strided: 4, contiguous: 4 })),
  },
  /** x, factor [1], y (may be x), f32 | n */
  scaleBy: {
    scalars: ["n"],
    buffers: ["in", "in", "out"],
    bounds: ([n]) => [n * 4, 4, n * 4],
    flops: ([n]) => n,
    run: (k, [x, factor, y, n]) => k.scaleBy(x, factor, y, n),
    parts: ([, , , n], team) => byElements(2).parts([0, 0, n], team),
    part: ([x, factor, y, n], i, parts) => {
      const [from, to, count] = byElements(2).part([x, y, n], i, parts);
      return [from, factor, to, count];
    },
  },
} satisfies Record<string, Kernel>;
