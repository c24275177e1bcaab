/**
 * Products with weights of 8 or 4 bits, in groups of 32 along k with one f32 scale each. Eight rows of weights lie together
 * (kernels/assembly/quantized.ts): w is [⌈n / 8⌉ · 8, k] bytes or [⌈n / 8⌉ · 8, k / 2], scales are [⌈n / 8⌉ · 8, k / 32]. k is a
 * multiple of 32.
 */
import { run, sharedParts } from "./parts.ts";
import type { Kernel } from "./spec.ts";

const product = (bits: 4 | 8): Omit<Kernel, "run" | "scalars"> => ({
  buffers: ["in", "in", "in", "out"],
  bounds: ([m, n, k, ldy]) => [
    m * whole(k) * 4,
    (rowsTogether(n) * k * bits) / 8,
    (rowsTogether(n) * k) / 8,
    m && n ? ((m - 1) * ldy + n) * 4 : 0,
  ],
  flops: ([m, n, k]) => 2 * m * n * k,
  parts: ([, , , , m, n, k], team) => sharedParts(2 * m * n * k, n / 64, team),
  part: ([x, w, scales, y, m, n, k, ldy], i, parts) => {
    const { from, to } = run(n, i, parts, 64);
    return [x, w + (from * k * bits) / 8, scales + (from * k) / 8, y + 4 * from, m, to - from, k, ldy];
  },
});

const quantizer = (bits: 4 | 8): Omit<Kernel, "run"> => ({
  scalars: ["rows", "k"],
  buffers: ["in", "out", "out"],
  bounds: ([rows, k]) => [rows * whole(k) * 4, (rowsTogether(rows) * k * bits) / 8, (rowsTogether(rows) * k) / 8],
  flops: ([rows, k]) => 3 * rows * k,
});

/** Rows that memory is taken for: the last eight are whole. */
function rowsTogether(n: number): number {
  return Math.ceil(n / 8) * 8;
}

/** @throws RangeError for a depth that groups do not divide. */
function whole(k: number): number {
  if (k > 0 && k % 32 === 0) return k;
  throw new RangeError(`Weights of 8 or 4 bits come in groups of 32 along k, but k is ${k}.`);
}

/** Scalars are listed in each comment, in order. */
export const quantizedKernels = {
  /** x [m, k], w (int8), scales, y [m, ldy] | m, n, k, ldy */
  matmul8: {
    scalars: ["m", "n", "k", "ldy"],
    ...product(8),
    run: (k, [x, w, scales, y, m, n, depth, ldy], scratch) =>
      k.matmul8(x, w, scales, y, m, n, depth, ldy, scratch(k.quantizedScratchBytes(depth))),
  },
  /** x [m, k], w (int4), scales, y [m, ldy] | m, n, k, ldy */
  matmul4: {
    scalars: ["m", "n", "k", "ldy"],
    ...product(4),
    run: (k, [x, w, scales, y, m, n, depth, ldy], scratch) =>
      k.matmul4(x, w, scales, y, m, n, depth, ldy, scratch(k.quantizedScratchBytes(depth))),
  },
  /** x [rows, k], w (int8), scales | rows, k */
  quantize8: { ...quantizer(8), run: (k, [x, w, scales, rows, depth]) => k.quantize8(x, w, scales, rows, depth) },
  /** x [rows, k], w (int4), scales | rows, k */
  quantize4: { ...quantizer(4), run: (k, [x, w, scales, rows, depth]) => k.quantize4(x, w, scales, rows, depth) },
} satisfies Record<string, Kernel>;
