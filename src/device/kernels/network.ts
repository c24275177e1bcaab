/** The fused kernels of neural networks: what a framework would not leave to single operations. All f32. */
import { byElements, byRows, GRAIN, run, sharedBytes, sharedParts } from "./parts.ts";
import type { Kernel, Words } from "./spec.ts";

function rowBytes([rows, cols]: readonly number[]): number {
  return rows * cols * 4;
}

function noSuchRow(status: number, [, , , rows]: readonly number[]): string {
  return `index ${status - 1} names a row that is not among the ${rows} of the table`;
}

/** @param targets which argument they are. */
function noSuchColumn(status: number, cols: number, words: Words, targets: number): string {
  const target = words(targets, status)[status - 1];
  return `the target of row ${status - 1} is ${target}, which is not among the ${cols} columns`;
}

function noSuchPosition(status: number, args: readonly number[]): string {
  return `the position of token ${status - 1} is not among the ${args[8]} of the tables`;
}

/** Cuts the gradient of a norm: a part has some rows of dx, and some columns of what is summed over all rows. */
function byRowsAndColumns(buffers: number, flops: number): Required<Pick<Kernel, "parts" | "part">> {
  return {
    parts: (args, team) => {
      const [rows, cols] = args.slice(buffers);
      return sharedParts(flops * rows * cols, Math.min(rows, cols / GRAIN), team);
    },
    part: (args, i, parts) => {
      const [rows, columns] = [run(args[buffers], i, parts), run(args[buffers + 1], i, parts, GRAIN)];
      return [...args, rows.from, rows.to, columns.from, columns.to];
    },
  };
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
    parts: ([, , , , n, width], team) => sharedBytes(8 * n * width, n, team),
    part: ([table, index, out, rows, n, width], i, parts) => {
      const { from, to } = run(n, i, parts);
      return [table, index + 4 * from, out + 4 * from * width, rows, to - from, width];
    },
    explain: noSuchRow,
  },
  /** table (f32) [rows, width], index (i32) [n], source [n, width] | rows, n, width */
  scatterAdd: {
    scalars: ["rows", "n", "width"],
    buffers: ["inout", "in", "in"],
    bounds: ([rows, n, width]) => [rows * width * 4, n * 4, n * width * 4],
    flops: ([, n, width]) => n * width,
    run: (k, [table, index, source, rows, n, width, left = 0, right = width]) =>
      k.scatterAddRows(table, index, source, rows, n, width, left, right),
    parts: ([, , , , n, width], team) => sharedBytes(12 * n * width, width / GRAIN, team),
    part: (args, i, parts) => {
      const { from, to } = run(args[5], i, parts, GRAIN);
      return [...args, from, to];
    },
    explain: noSuchRow,
  },
  /** x [rows, cols], weight [cols], y, rstd [rows] | rows, cols, eps */
  rmsNorm: {
    scalars: ["rows", "cols", "eps"],
    buffers: ["in", "in", "out", "out"],
    bounds: ([rows, cols]) => [rows * cols * 4, cols * 4, rows * cols * 4, rows * 4],
    flops: ([rows, cols]) => 4 * rows * cols,
    run: (k, [x, weight, y, rstd, rows, cols, eps]) => k.rmsNorm(x, weight, y, rstd, rows, cols, eps),
    ...byRows(["rows", "all", "rows", "each"], { flops: ([rows, cols]) => 4 * rows * cols }),
  },
  /** x, weight, rstd, dy, dx, dweight (added to) | rows, cols */
  rmsNormBackward: {
    scalars: ["rows", "cols"],
    buffers: ["in", "in", "in", "in", "out", "inout"],
    bounds: (s) => [rowBytes(s), s[1] * 4, s[0] * 4, rowBytes(s), rowBytes(s), s[1] * 4],
    flops: ([rows, cols]) => 11 * rows * cols,
    run: (k, [x, weight, rstd, dy, dx, dweight, rows, cols, ...share]) => {
      const [from, to, left, right] = share.length ? share : [0, rows, 0, cols];
      return k.rmsNormBackward(x, weight, rstd, dy, dx, dweight, rows, cols, from, to, left, right);
    },
    ...byRowsAndColumns(6, 11),
  },
  /** x [rows, cols], weight, bias [cols], y, mean, rstd [rows] | rows, cols, eps */
  layerNorm: {
    scalars: ["rows", "cols", "eps"],
    buffers: ["in", "in", "in", "out", "out", "out"],
    bounds: (s) => [rowBytes(s), s[1] * 4, s[1] * 4, rowBytes(s), s[0] * 4, s[0] * 4],
    flops: ([rows, cols]) => 8 * rows * cols,
    run: (k, [x, weight, bias, y, mean, rstd, rows, cols, eps]) =>
      k.layerNorm(x, weight, bias, y, mean, rstd, rows, cols, eps),
    ...byRows(["rows", "all", "all", "rows", "each", "each"], { flops: ([rows, cols]) => 8 * rows * cols }),
  },
  /** x, weight, mean, rstd, dy, dx, dweight, dbias (both added to) | rows, cols */
  layerNormBackward: {
    scalars: ["rows", "cols"],
    buffers: ["in", "in", "in", "in", "in", "out", "inout", "inout"],
    bounds: (s) => [rowBytes(s), s[1] * 4, s[0] * 4, s[0] * 4, rowBytes(s), rowBytes(s), s[1] * 4, s[1] * 4],
    flops: ([rows, cols]) => 16 * rows * cols,
    run: (k, [x, weight, mean, rstd, dy, dx, dweight, dbias, rows, cols, ...share]) => {
      const [from, to, left, right] = share.length ? share : [0, rows, 0, cols];
      return k.layerNormBackward(x, weight, mean, rstd, dy, dx, dweight, dbias, rows, cols, from, to, left, right);
    },
    ...byRowsAndColumns(8, 16),
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
    parts: ([, , , , , tokens, heads, dim], team) => sharedBytes(8 * tokens * heads * dim, tokens, team),
    part: ([x, position, cos, sin, y, tokens, heads, dim, ...rest], i, parts) => {
      const { from, to } = run(tokens, i, parts);
      const at = 4 * from * heads * dim;
      return [x + at, position + 4 * from, cos, sin, y + at, to - from, heads, dim, ...rest];
    },
    explain: noSuchPosition,
  },
  /** gate, up, y | n */
  swiglu: {
    scalars: ["n"],
    buffers: ["in", "in", "out"],
    bounds: ([n]) => [n * 4, n * 4, n * 4],
    flops: ([n]) => 6 * n,
    run: (k, [gate, up, y, n]) => k.swiglu(gate, up, y, n),
    ...byElements(3), // whole blocks of the sweep: an element's bits do not depend on its place
  },
  /** gate, up, dy, dgate, dup | n */
  swigluBackward: {
    scalars: ["n"],
    buffers: ["in", "in", "in", "out", "out"],
    bounds: ([n]) => [n * 4, n * 4, n * 4, n * 4, n * 4],
    flops: ([n]) => 12 * n,
    run: (k, [gate, up, dy, dgate, dup, n]) => k.swigluBackward(gate, up, dy, dgate, dup, n),
    ...byElements(5),
  },
  /** x, y | n */
  gelu: {
    scalars: ["n"],
    buffers: ["in", "out"],
    bounds: ([n]) => [n * 4, n * 4],
    flops: ([n]) => 10 * n,
    run: (k, [x, y, n]) => k.gelu(x, y, n),
    ...byElements(2),
  },
  /** x, dy, dx | n */
  geluBackward: {
    scalars: ["n"],
    buffers: ["in", "in", "out"],
    bounds: ([n]) => [n * 4, n * 4, n * 4],
    flops: ([n]) => 18 * n,
    run: (k, [x, dy, dx, n]) => k.geluBackward(x, dy, dx, n),
    ...byElements(3),
  },
  /** x, y | n */
  silu: {
    scalars: ["n"],
    buffers: ["in", "out"],
    bounds: ([n]) => [n * 4, n * 4],
    flops: ([n]) => 5 * n,
    run: (k, [x, y, n]) => k.silu(x, y, n),
    ...byElements(2),
  },
  /** x, dy, dx | n */
  siluBackward: {
    scalars: ["n"],
    buffers: ["in", "in", "out"],
    bounds: ([n]) => [n * 4, n * 4, n * 4],
    flops: ([n]) => 9 * n,
    run: (k, [x, dy, dx, n]) => k.siluBackward(x, dy, dx, n),
    ...byElements(3),
  },
  /** logits [rows, cols], target (i32) [rows], loss [rows], dlogits (may be the logits) | rows, cols, ignored, scale */
  crossEntropy: {
    scalars: ["rows", "cols", "ignored", "scale"],
    buffers: ["in", "in", "out", "out"],
    bounds: (s) => [rowBytes(s), s[0] * 4, s[0] * 4, rowBytes(s)],
    flops: ([rows, cols]) => 7 * rows * cols,
    run: (k, [logits, target, loss, dlogits, rows, cols, ignored, scale]) =>
      k.crossEntropy(logits, target, 0, loss, dlogits, rows, cols, ignored, scale),
    ...byRows(["rows", "each", "each", "rows"], { flops: ([rows, cols]) => 7 * rows * cols }),
    explain: (status, args, words) => noSuchColumn(status, args[5], words, 1),
  },
  /** The same with a weight for each row, weight [rows], that multiplies its loss: logits, target, weight, loss, dlogits | as above */
  crossEntropyWeighted: {
    scalars: ["rows", "cols", "ignored", "scale"],
    buffers: ["in", "in", "in", "out", "out"],
    bounds: (s) => [rowBytes(s), s[0] * 4, s[0] * 4, s[0] * 4, rowBytes(s)],
    flops: ([rows, cols]) => 7 * rows * cols,
    run: (k, [logits, target, weight, loss, dlogits, rows, cols, ignored, scale]) =>
      k.crossEntropy(logits, target, weight, loss, dlogits, rows, cols, ignored, scale),
    ...byRows(["rows", "each", "each", "each", "rows"], { flops: ([rows, cols]) => 7 * rows * cols }),
    explain: (status, args, words) => noSuchColumn(status, args[6], words, 1),
  },
  /** target (i32) [rows] | rows, cols: fails for one that is no column, as the loss does; rows of no elements are copied */
  checkTargets: {
    scalars: ["rows", "cols"],
    buffers: ["in"],
    bounds: ([rows]) => [rows * 4],
    flops: () => 0,
    run: (k, [target, rows, cols]) => k.gatherRows(0, target, 0, cols, rows, 0),
    explain: (status, [, , cols], words) => noSuchColumn(status, cols, words, 0),
  },
  /** x, y | n, seedLo, seedHi, block, p */
  dropout: {
    scalars: ["n", "seedLo", "seedHi", "block", "p"],
    buffers: ["in", "out"],
    bounds: ([n]) => [n * 4, n * 4],
    flops: ([n]) => n,
    run: (k, [x, y, n, lo, hi, block, p]) => k.dropout(x, y, n, lo, hi, block, p),
    parts: ([, , n, , , block], team) => (block + n / 4 < 2 ** 31 ? sharedBytes(8 * n, n / GRAIN, team) : 1),
    part: ([x, y, n, lo, hi, block, p], i, parts) => {
      const { from, to } = run(n, i, parts, GRAIN);
      return [x + 4 * from, y + 4 * from, to - from, lo, hi, block + from / 4, p];
    },
  },
  /** x, places (i32), y | rows, cols, width, first, seedLo, seedHi, p */
  dropoutPart: {
    scalars: ["rows", "cols", "width", "first", "seedLo", "seedHi", "p"],
    buffers: ["in", "in", "out"],
    bounds: ([rows, cols]) => [rows * cols * 4, rows * 4, rows * cols * 4],
    flops: ([rows, cols]) => rows * cols,
    run: (k, args) => k.dropoutPart(...args),
    explain: (status) => `row ${status - 1} has a place in the whole that is less than 0`,
  },
} satisfies Record<string, Kernel>;
