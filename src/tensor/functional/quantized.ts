/** Products with weights of 8 or 4 bits, in groups of 32 along k with one f32 scale each, as ggml's q8_0 and q4_0. */

import { rawOf } from "../raw.ts";
import type { Tensor } from "../tensor.ts";
import { shaped, tensors } from "./check.ts";

/** A matrix [n, k] of few bits. Its rows lie together by eights, the last of which are filled up (kernels/assembly/quantized.ts). */
export interface Quantized {
  /** n */
  readonly rows: number;
  /** u8, [⌈n / 8⌉ · 8, k · bits / 8] */
  readonly packed: Tensor;
  /** f32 [⌈n / 8⌉ · 8, k / 32] */
  readonly scales: Tensor;
  readonly bits: 8 | 4;
}

/** Rows that lie together. */
const TOGETHER = 8;

/** @param args.w f32 [n, k], k a multiple of 32. @throws RangeError for another k. */
export function quantize(args: { w: Tensor; bits: 8 | 4 }): Quantized {
  const { w, bits } = args;
  tensors("quantize", { w });
  const [n, k] = matrix("quantize", "w", w);
  return w.device.fused("quantize", args, () => {
    return quantizeRows({ w, weight: emptyQuantized({ like: w, rows: n, columns: k, bits }), row: 0 });
  });
}

/** A matrix [rows, columns] that `quantizeRows` fills. @param args.like lies on the device. @throws RangeError for columns that groups of 32 do not divide. */
export function emptyQuantized(args: { like: Tensor; rows: number; columns: number; bits: 8 | 4 }): Quantized {
  const { like, rows, columns, bits } = args;
  if (columns === 0 || columns % 32 !== 0)
    throw new RangeError(`quantize works on groups of 32 columns, but the matrix is [${rows}, ${columns}].`);
  const whole = Math.ceil(rows / TOGETHER) * TOGETHER;
  const packed = like.device.empty([whole, (columns * bits) / 8], "u8");
  return { rows, packed, scales: like.device.empty([whole, columns / 32]), bits };
}

/**
 * Writes rows of a matrix of few bits. @param args.w f32 [n, k]. @param args.row the first of them.
 * @returns the matrix. @throws RangeError for rows that do not begin at a multiple of 8, or end elsewhere before the last.
 */
export function quantizeRows(args: { w: Tensor; weight: Quantized; row: number }): Quantized {
  const { w, weight, row } = args;
  const { rows, packed, scales, bits } = weight;
  tensors("quantizeRows", { w });
  const [n, k] = matrix("quantizeRows", "w", w);
  const end = row + n;
  if (row % TOGETHER !== 0 || end > rows || (end < rows && end % TOGETHER !== 0))
    throw new RangeError(`quantizeRows writes rows by ${TOGETHER}, but got ${row} to ${end} of ${rows}.`);
  return w.device.fused("quantizeRows", args, () => {
    const last = Math.ceil(end / TOGETHER) * TOGETHER;
    using bytes = packed.slice(0, row, last);
    using factors = scales.slice(0, row, last);
    rawOf(w.device).launch(bits === 8 ? "quantize8" : "quantize4", [w.ref(), bytes.ref(), factors.ref()], [n, k]);
    return weight;
  });
}

/** y = x wᵀ; what a row of x gets does not depend on the others. @param args.x f32 [m, k]. @returns f32 [m, n]. */
export function matmulQuantized(args: { x: Tensor; weight: Quantized }): Tensor {
  const { x, weight } = args;
  const { rows: n, packed, scales, bits } = weight;
  tensors("matmulQuantized", { x, scales });
  tensors("matmulQuantized", { packed }, "u8");
  const [m, k] = matrix("matmulQuantized", "x", x);
  const whole = Math.ceil(n / TOGETHER) * TOGETHER;
  shaped("matmulQuantized", "packed", packed, [whole, (k * bits) / 8], `${bits} bits for each column of x`);
  shaped("matmulQuantized", "scales", scales, [whole, k / 32], "one for each 32 columns");
  return x.device.fused("matmulQuantized", args, () => {
    const y = x.device.empty([m, n]);
    const refs = [x, packed, scales, y].map((tensor) => tensor.ref());
    rawOf(x.device).launch(bits === 8 ? "matmul8" : "matmul4", refs, [m, n, k, n]);
    return y;
  });
}

function matrix(call: string, name: string, x: Tensor): readonly [number, number] {
  if (x.shape.length !== 2) throw new RangeError(`${call} takes ${name} as a matrix, but got ${x}.`);
  if (x.shape[1] === 0 || x.shape[1] % 32 !== 0) {
    throw new RangeError(`${call} works on groups of 32 columns, but ${name} is ${x}.`);
  }
  return x.shape as unknown as [number, number];
}
