/** The fused kernels of neural networks: what a framework would not leave to single operations. All f32. */
import { type Kernel, run, sharedParts } from "./spec.ts";

function rowBytes([rows, cols]: readonly number[]): number {
  return rows * cols * 4;
}

function noSuchRow(status: number, [, , , rows]: readonly number[]): string {
  return `index ${status - 1} names a row that is not among the ${rows} of the table`;
}

function noSuchColumn(status: number, [, , , , , cols]: readonly number[]): string {
  return `the target of row ${status - 1} is not among the ${cols} columns`;
}

function noSuchPosition(status: number, args: readonly number[]): string {
  return `the position of token ${status - 1} is not among the ${args[8]} of the tables`;
}

/** Scalars are listed in each comment, in order. */
export const networkKernels = {
  /** table (f32) [rows, width], index (i32) [n], out [n, width] | rows, n, width */
  gather: {
    scalars: ["rows", "n", "width"],
    buffers: ["in", "in", "out"],
    bounds: ([rows, n, width]) => [rows * width * 4, n * 4, n * width * 4],
    flops: () => 0,
    run: (k, [table, index, out, rows, n, width]) => k.gatherRows(table, index, out, rows, n, width),
    explain: noSuchRow,
  },
  /** table (f32) [rows, width], index (i32) [n], source [n, width] | rows, n, width */
  scatterAdd: {
    scalars: ["rows", "n", "width"],
    buffers: ["inout", "in", "in"],
    bounds: ([rows, n, width]) => [rows * width * 4, n * 4, n * width * 4],
    flops: ([, n, width]) => n * width,
    run: (k, [table, index, source, rows, n, width]) => k.scatterAddRows(table, index, source, rows, n, width),
    explain: noSuchRow,
  },
  /** x [rows, cols], weight [cols], y, rstd [rows] | rows, cols, eps */
  rmsNorm: {
    scalars: ["rows", "cols", "eps"],
    buffers: ["in", "in", "out", "out"],
    bounds: ([rows, cols]) => [rows * cols * 4, cols * 4, rows * cols * 4, rows * 4],
    flops: ([rows, cols]) => 4 * rows * cols,
    run: (k, [x, weight, y, rstd, rows, cols, eps]) => k.rmsNorm(x, weight, y, rstd, rows, cols, eps),
    parts: ([, , , , rows, cols], team) => sharedParts(4 * rows * cols, rows, team),
    part: ([x, weight, y, rstd, rows, cols, eps], i, parts) => {
      const { from, to } = run(rows, i, parts);
      return [x + 4 * from * cols, weight, y + 4 * from * cols, rstd + 4 * from, to - from, cols, eps];
    },
  },
  /** x, weight, rstd, dy, dx, dweight (added to) | rows, cols */
  rmsNormBackward: {
    scalars: ["rows", "cols"],
    buffers: ["in", "in", "in", "in", "out", "inout"],
    bounds: (s) => [rowBytes(s), s[1] * 4, s[0] * 4, rowBytes(s), rowBytes(s), s[1] * 4],
    flops: ([rows, cols]) => 11 * rows * cols,
    run: (k, [x, weight, rstd, dy, dx, dweight, rows, cols]) =>
      k.rmsNormBackward(x, weight, rstd, dy, dx, dweight, rows, cols),
  },
  /** x [rows, cols], weight, bias [cols], y, mean, rstd [rows] | rows, cols, eps */
  layerNorm: {
    scalars: ["rows", "cols", "eps"],
    buffers: ["in", "in", "in", "out", "out", "out"],
    bounds: (s) => [rowBytes(s), s[1] * 4, s[1] * 4, rowBytes(s), s[0] * 4, s[0] * 4],
    flops: ([rows, cols]) => 8 * rows * cols,
    run: (k, [x, weight, bias, y, mean, rstd, rows, cols, eps]) =>
      k.layerNorm(x, weight, bias, y, mean, rstd, rows, cols, eps),
  },
  /** x, weight, mean, rstd, dy, dx, dweight, dbias (both added to) | rows, cols */
  layerNormBackward: {
    scalars: ["rows", "cols"],
    buffers: ["in", "in", "in", "in", "in", "out", "inout", "inout"],
    bounds: (s) => [rowBytes(s), s[1] * 4, s[0] * 4, s[0] * 4, rowBytes(s), rowBytes(s), s[1] * 4, s[1] * 4],
    flops: ([rows, cols]) => 16 * rows * cols,
    run: (k, [x, weight, mean, rstd, dy, dx, dweight, dbias, rows, cols]) =>
      k.layerNormBackward(x, weight, mean, rstd, dy, dx, dweight, dbias, rows, cols),
  },
  /** x [tokens, heads, dim], position (i32) [tokens], cos, sin [positions, dim / 2], y | tokens, heads, dim, positions, back */
  rope: {
    scalars: ["tokens", "heads", "dim", "positions", "back"],
    buffers: ["in", "in", "in", "in", "out"],
    bounds: ([tokens, heads, dim, positions]) => [
      tokens * heads * dim * 4,
      tokens * 4,
      positions * (dim / 2) * 4,
      positions * (dim / 2) * 4,
      tokens * heads * dim * 4,
    ],
    flops: ([tokens, heads, dim]) => 3 * tokens * heads * dim,
    run: (k, [x, position, cos, sin, y, tokens, heads, dim, positions, back]) =>
      k.rope(x, position, cos, sin, y, tokens, heads, dim, positions, back),
    explain: noSuchPosition,
  },
  /** gate, up, y | n */
  swiglu: {
    scalars: ["n"],
    buffers: ["in", "in", "out"],
    bounds: ([n]) => [n * 4, n * 4, n * 4],
    flops: ([n]) => 6 * n,
    run: (k, [gate, up, y, n]) => k.swiglu(gate, up, y, n),
    parts: ([, , , n], team) => sharedParts(6 * n, n, team),
    part: ([gate, up, y, n], i, parts) => {
      const { from, to } = run(n, i, parts, 16); // whole blocks of the sweep: an element's bits do not depend on its place
      return [gate + 4 * from, up + 4 * from, y + 4 * from, to - from];
    },
  },
  /** gate, up, dy, dgate, dup | n */
  swigluBackward: {
    scalars: ["n"],
    buffers: ["in", "in", "in", "out", "out"],
    bounds: ([n]) => [n * 4, n * 4, n * 4, n * 4, n * 4],
    flops: ([n]) => 12 * n,
    run: (k, [gate, up, dy, dgate, dup, n]) => k.swigluBackward(gate, up, dy, dgate, dup, n),
  },
  /** x, y | n */
  gelu: {
    scalars: ["n"],
    buffers: ["in", "out"],
    bounds: ([n]) => [n * 4, n * 4],
    flops: ([n]) => 10 * n,
    run: (k, [x, y, n]) => k.gelu(x, y, n),
  },
  /** x, dy, dx | n */
  geluBackward: {
    scalars: ["n"],
    buffers: ["in", "in", "out"],
    bounds: ([n]) => [n * 4, n * 4, n * 4],
    flops: ([n]) => 18 * n,
    run: (k, [x, dy, dx, n]) => k.geluBackward(x, dy, dx, n),
  },
  /** logits [rows, cols], target (i32) [rows], loss [rows], dlogits (may be the logits) | rows, cols, ignored, scale */
  crossEntropy: {
    scalars: ["rows", "cols", "ignored", "scale"],
    buffers: ["in", "in", "out", "out"],
    bounds: (s) => [rowBytes(s), s[0] * 4, s[0] * 4, rowBytes(s)],
    flops: ([rows, cols]) => 7 * rows * cols,
    run: (k, [logits, target, loss, dlogits, rows, cols, ignored, scale]) =>
      k.crossEntropy(logits, target, loss, dlogits, rows, cols, ignored, scale),
    explain: noSuchColumn,
  },
  /** x, y | n, seedLo, seedHi, block, p */
  dropout: {
    scalars: ["n", "seedLo", "seedHi", "block", "p"],
    buffers: ["in", "out"],
    bounds: ([n]) => [n * 4, n * 4],
    flops: ([n]) => n,
    run: (k, [x, y, n, lo, hi, block, p]) => k.dropout(x, y, n, lo, hi, block, p),
  },
} satisfies Record<string, Kernel>;
