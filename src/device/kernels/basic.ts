/** The kernels of tensors: copies, arithmetic, reductions, matrix products, random numbers. */
import { type Blas, gemmByBlas, suitsBlas } from "../blas.ts";
import { type DType, dtypes } from "../dtype.ts";
import { byAxis, GRAIN, run, sharedBytes, sharedParts } from "./parts.ts";
import type { Kernel, KernelExports, Scratch } from "./spec.ts";
import { bytesOf, product4, reach } from "./strided.ts";

/** Rows or columns of a product that a team does not cut further. */
const TILE = 64;
/** Least multiply-adds of a part that a BLAS computes: of small products, libraries have kernels that round otherwise. */
const BLAS_PART = 2 ** 21;

/** Where the operands of `binary` and `compare` lie among the arguments, and their strides. */
const twoOperands = [
  { buffer: 0, strides: 9 },
  { buffer: 1, strides: 13 },
] as const;

/** Calls a kernel of two operands and a result that are walked along four axes. Spelt out: a spread would cost more than the call. */
function walk(call: KernelExports[string], a: readonly number[]): number {
  const [x, y, out, op, dtype, n0, n1, n2, n3, x0, x1, x2, x3, y0, y1, y2, y3] = a;
  return call(op, dtype, x, y, out, n0, n1, n2, n3, x0, x1, x2, x3, y0, y1, y2, y3);
}

/** The same with a number as one of the operands: it is put into the thread's private space, and repeated. */
function walkScalar(call: KernelExports[string], fill: KernelExports[string], a: readonly number[], scratch: Scratch) {
  const [x, out, op, dtype, n0, n1, n2, n3, s0, s1, s2, s3, value, swapped] = a;
  const at = scratch(16);
  fill(dtype, at, 1, value);
  if (swapped) return call(op, dtype, at, x, out, n0, n1, n2, n3, 0, 0, 0, 0, s0, s1, s2, s3);
  return call(op, dtype, x, at, out, n0, n1, n2, n3, s0, s1, s2, s3, 0, 0, 0, 0);
}

/** Scalars are listed in each comment, in order. */
export const basicKernels = {
  /** src, dst | bytes */
  copy: {
    scalars: ["bytes"],
    buffers: ["in", "out"],
    bounds: ([bytes]) => [bytes, bytes],
    flops: () => 0,
    run: (k, [src, dst, bytes]) => k.copyBytes(dst, src, bytes),
    parts: ([src, dst, bytes], team) => (Math.abs(src - dst) < bytes ? 1 : sharedBytes(2 * bytes, bytes / 64, team)),
    part: ([src, dst, bytes], i, parts) => {
      const { from, to } = run(bytes, i, parts, 64);
      return [src + from, dst + from, to - from];
    },
  },
  /** dst | dtype, n, value */
  fill: {
    scalars: ["dtype", "n", "value"],
    buffers: ["out"],
    bounds: ([dtype, n]) => [n * bytesOf[dtype]],
    flops: () => 0,
    run: (k, [dst, dtype, n, value]) => k.fill(dtype, dst, n, value),
    parts: ([, dtype, n], team) => sharedBytes(n * bytesOf[dtype], n / GRAIN, team),
    part: ([dst, dtype, n, value], i, parts) => {
      const { from, to } = run(n, i, parts, GRAIN);
      return [dst + from * bytesOf[dtype], dtype, to - from, value];
    },
  },
  /** src, dst | from, to, n0..n3, s0..s3 */
  convert: {
    scalars: ["from", "to", "n0", "n1", "n2", "n3", "s0", "s1", "s2", "s3"],
    buffers: ["in", "out"],
    bounds: (s) => [reach(s, 2, 6) * bytesOf[s[0]], product4(s, 2) * bytesOf[s[1]]],
    flops: () => 0,
    run: (k, [src, dst, from, to, n0, n1, n2, n3, s0, s1, s2, s3]) =>
      k.convert(from, to, src, dst, n0, n1, n2, n3, s0, s1, s2, s3),
    ...byAxis(4, [{ buffer: 0, strides: 8 }], 1, (a) => ({ strided: bytesOf[a[2]], contiguous: bytesOf[a[3]] })),
  },
  /** x, y | op, dtype, n */
  unary: {
    scalars: ["op", "dtype", "n"],
    buffers: ["in", "out"],
    bounds: ([, dtype, n]) => [n * bytesOf[dtype], n * bytesOf[dtype]],
    flops: ([, , n]) => n,
    run: (k, [x, y, op, dtype, n]) => k.unary(op, dtype, x, y, n),
    parts: ([, , , dtype, n], team) => sharedBytes(2 * n * bytesOf[dtype], n / GRAIN, team),
    part: ([x, y, op, dtype, n], i, parts) => {
      const { from, to } = run(n, i, parts, GRAIN);
      return [x + from * bytesOf[dtype], y + from * bytesOf[dtype], op, dtype, to - from];
    },
  },
  /** a, b, out | op, dtype, n0..n3, a0..a3, b0..b3 */
  binary: {
    scalars: ["op", "dtype", "n0", "n1", "n2", "n3", "a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"],
    buffers: ["in", "in", "out"],
    bounds: (s) => [reach(s, 2, 6) * bytesOf[s[1]], reach(s, 2, 10) * bytesOf[s[1]], product4(s, 2) * bytesOf[s[1]]],
    flops: (s) => product4(s, 2),
    run: (k, args) => walk(k.binary, args),
    ...byAxis(5, twoOperands, 2, (a) => ({ strided: bytesOf[a[4]], contiguous: bytesOf[a[4]] })),
  },
  /** a, b, out (u8) | op, dtype, n0..n3, a0..a3, b0..b3 */
  compare: {
    scalars: ["op", "dtype", "n0", "n1", "n2", "n3", "a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"],
    buffers: ["in", "in", "out"],
    bounds: (s) => [reach(s, 2, 6) * bytesOf[s[1]], reach(s, 2, 10) * bytesOf[s[1]], product4(s, 2)],
    flops: (s) => product4(s, 2),
    run: (k, args) => walk(k.compare, args),
    ...byAxis(5, twoOperands, 2, (a) => ({ strided: bytesOf[a[4]], contiguous: 1 })),
  },
  /** a, out | op, dtype, n0..n3, a0..a3, value, swapped: out = a op value, or value op a */
  binaryScalar: {
    scalars: ["op", "dtype", "n0", "n1", "n2", "n3", "a0", "a1", "a2", "a3", "value", "swapped"],
    buffers: ["in", "out"],
    bounds: (s) => [reach(s, 2, 6) * bytesOf[s[1]], product4(s, 2) * bytesOf[s[1]]],
    flops: (s) => product4(s, 2),
    run: (k, args, scratch) => walkScalar(k.binary, k.fill, args, scratch),
    ...byAxis(4, [{ buffer: 0, strides: 8 }], 1, (a) => ({ strided: bytesOf[a[3]], contiguous: bytesOf[a[3]] })),
  },
  /** a, out (u8) | op, dtype, n0..n3, a0..a3, value, swapped */
  compareScalar: {
    scalars: ["op", "dtype", "n0", "n1", "n2", "n3", "a0", "a1", "a2", "a3", "value", "swapped"],
    buffers: ["in", "out"],
    bounds: (s) => [reach(s, 2, 6) * bytesOf[s[1]], product4(s, 2)],
    flops: (s) => product4(s, 2),
    run: (k, args, scratch) => walkScalar(k.compare, k.fill, args, scratch),
    ...byAxis(4, [{ buffer: 0, strides: 8 }], 1, (a) => ({ strided: bytesOf[a[3]], contiguous: 1 })),
  },
  /** src [outer, n, inner], dst [outer, inner] | op, dtype, outer, n, inner */
  reduce: {
    scalars: ["op", "dtype", "outer", "n", "inner"],
    buffers: ["in", "out"],
    bounds: ([, dtype, outer, n, inner]) => [
      outer * n * inner * bytesOf[dtype],
      outer * inner * (dtypes.u8.code === dtype ? 4 : bytesOf[dtype]),
    ],
    flops: ([, , outer, n, inner]) => outer * n * inner,
    run: (k, [src, dst, op, dtype, outer, n, inner, width = inner]) =>
      k.reduce(op, dtype, src, dst, outer, n, inner, width),
    parts: ([, , , dtype, outer, n, inner], team) =>
      sharedBytes(outer * n * inner * bytesOf[dtype], outer > 1 ? outer : inner / GRAIN, team),
    part: ([src, dst, op, dtype, outer, n, inner], i, parts) => {
      const [from, to] = [bytesOf[dtype], dtypes.u8.code === dtype ? 4 : bytesOf[dtype]];
      if (outer > 1) {
        const rows = run(outer, i, parts);
        const at = [src + rows.from * n * inner * from, dst + rows.from * inner * to];
        return [...at, op, dtype, rows.to - rows.from, n, inner];
      }
      const columns = run(inner, i, parts, GRAIN);
      return [src + columns.from * from, dst + columns.from * to, op, dtype, 1, n, columns.to - columns.from, inner];
    },
  },
  /** src [outer, n, inner], dst (i32) [outer, inner] | dtype, outer, n, inner */
  argmax: {
    scalars: ["dtype", "outer", "n", "inner"],
    buffers: ["in", "out"],
    bounds: ([dtype, outer, n, inner]) => [outer * n * inner * bytesOf[dtype], outer * inner * 4],
    flops: ([, outer, n, inner]) => outer * n * inner,
    run: (k, [src, dst, dtype, outer, n, inner]) => k.argmax(dtype, src, dst, outer, n, inner),
    parts: ([, , , outer, n, inner], team) => sharedParts(outer * n * inner, outer, team),
    part: ([src, dst, dtype, outer, n, inner], i, parts) => {
      const { from, to } = run(outer, i, parts);
      return [src + from * n * inner * bytesOf[dtype], dst + from * inner * 4, dtype, to - from, n, inner];
    },
  },
  /** x, y (f32) | rows, cols */
  softmax: {
    scalars: ["rows", "cols"],
    buffers: ["in", "out"],
    bounds: ([rows, cols]) => [rows * cols * 4, rows * cols * 4],
    flops: ([rows, cols]) => 5 * rows * cols,
    run: (k, [x, y, rows, cols]) => k.softmax(x, y, rows, cols),
    parts: ([, , rows, cols], team) => sharedParts(5 * rows * cols, rows, team),
    part: ([x, y, rows, cols], i, parts) => {
      const { from, to } = run(rows, i, parts);
      return [x + 4 * from * cols, y + 4 * from * cols, to - from, cols];
    },
  },
  /**
   * a, b, c (f32) | m, n, k, ars, acs, brs, bcs, ldc, accumulate: strides of A and B in elements.
   * A part of a product has one number more, the multiply-adds of the whole, by which it is carried out as the whole would be.
   */
  gemm: {
    scalars: ["m", "n", "k", "ars", "acs", "brs", "bcs", "ldc", "accumulate"],
    buffers: ["in", "in", "inout"],
    bounds: ([m, n, k, ars, acs, brs, bcs, ldc]) => [
      4 * (m && k ? (m - 1) * ars + (k - 1) * acs + 1 : 0),
      4 * (k && n ? (k - 1) * brs + (n - 1) * bcs + 1 : 0),
      4 * (m && n ? (m - 1) * ldc + n : 0),
    ],
    flops: ([m, n, k]) => 2 * m * n * k,
    run: (k, args, scratch, blas) => {
      if (blas && gemmByBlas(blas, args)) return 0;
      const [a, b, c, m, n, depth, ars, acs, brs, bcs, ldc, accumulate] = args;
      return k.gemm(a, b, c, m, n, depth, ars, acs, brs, bcs, ldc, accumulate, scratch(k.gemmScratchBytes()));
    },
    parts: (args, team, blas?: Blas) => {
      const [, , , m, n, depth] = args;
      const tiles = Math.max(m, n) / TILE;
      if (!blas || !suitsBlas(blas, args)) return sharedParts(2 * m * n * depth, tiles, team);
      return blas.splits ? Math.max(1, Math.min(team, Math.floor(tiles), Math.floor((m * n * depth) / BLAS_PART))) : 1;
    },
    part: ([a, b, c, m, n, depth, ars, acs, brs, bcs, ldc, accumulate], i, parts) => {
      const { from, to } = run(Math.max(m, n), i, parts, TILE);
      const rest = [depth, ars, acs, brs, bcs, ldc, accumulate, m * n * depth];
      if (m < n) return [a, b + 4 * from * bcs, c + 4 * from, m, to - from, ...rest];
      return [a + 4 * from * ars, b, c + 4 * from * ldc, to - from, n, ...rest];
    },
  },
  /** dst (f32) | n, seedLo, seedHi, block, from, to */
  randomUniform: {
    scalars: ["n", "seedLo", "seedHi", "block", "from", "to"],
    buffers: ["out"],
    bounds: ([n]) => [n * 4],
    flops: () => 0,
    run: (k, [dst, n, lo, hi, block, from, to]) => k.randomUniform(dst, n, lo, hi, block, from, to),
  },
  /** dst (f32) | n, seedLo, seedHi, block, mean, std */
  randomNormal: {
    scalars: ["n", "seedLo", "seedHi", "block", "mean", "std"],
    buffers: ["out"],
    bounds: ([n]) => [n * 4],
    flops: () => 0,
    run: (k, [dst, n, lo, hi, block, mean, std]) => k.randomNormal(dst, n, lo, hi, block, mean, std),
  },
  /** dst (i32) | n, seedLo, seedHi, block, from, range */
  randomInt: {
    scalars: ["n", "seedLo", "seedHi", "block", "from", "range"],
    buffers: ["out"],
    bounds: ([n]) => [n * 4],
    flops: () => 0,
    run: (k, [dst, n, lo, hi, block, from, range]) => k.randomInt(dst, n, lo, hi, block, from, range),
  },
} satisfies Record<string, Kernel>;

/** Operator codes of `unary`, `binary`, `compare` and `reduce`, as in kernels/assembly. */
export const unaryOps = { neg: 0, abs: 1, exp: 2, log: 3, sqrt: 4, tanh: 5, relu: 6, sigmoid: 7 } as const;
export const binaryOps = { add: 0, sub: 1, mul: 2, div: 3, minimum: 4, maximum: 5 } as const;
export const compareOps = { eq: 0, ne: 1, lt: 2, le: 3 } as const;
export const reduceOps = { sum: 0, min: 1, max: 2, product: 3 } as const;

export type UnaryOp = keyof typeof unaryOps;
export type BinaryOp = keyof typeof binaryOps;
export type CompareOp = keyof typeof compareOps;
/** Reduction operators of kernels and collectives alike. */
export type ReduceOp = keyof typeof reduceOps;

/** Code of a dtype in kernel arguments. */
export function codeOf(dtype: DType): number {
  if (dtype === "f32") return 0;
  return dtypes[dtype].code;
}
