/**
 * Keys and values in pages: written in the dtype of the pages, copied, and read by attention. Pages are f32, bf16, or signed
 * bytes with one f32 scale for each token and key head, [pages, page, kvHeads, dim] and [pages, page, kvHeads].
 */
import { dtypes } from "../dtype.ts";
import { lengths, pairs, reach } from "./attention.ts";
import { GRAIN, run, sharedBytes, sharedParts } from "./parts.ts";
import type { Kernel, Words } from "./spec.ts";

const F32 = dtypes.f32.code;

function sizeOfCode(code: number): number {
  return code === F32 ? 4 : 2;
}

/** The kernels of a cache write f32 and bf16, by their codes. @throws RangeError for another. */
function checked(code: number): number {
  if (code === F32 || code === dtypes.bf16.code) return code;
  throw new RangeError(`Rows are put into tables of f32 or bf16, not of dtype code ${code}.`);
}

const pagedScalars = [
  ...["sequences", "heads", "kvHeads", "dim", "qTokens", "pages", "page", "width"],
  ...["qToken", "qHead", "kToken", "kHead", "oToken", "oHead", "causal", "scale"],
];

function badPages(status: number): string {
  return `sequence ${status - 1} has boundaries, a length or a page that do not exist`;
}

/** Bytes of q, k, v, o, lse, starts, lengths and tables, for keys of `size` bytes per element. */
function pagedBounds(size: number, s: readonly number[]): number[] {
  const [sequences, heads, kvHeads, dim, qTokens, pages, page, width, qToken, qHead, kToken, kHead, oToken, oHead] = s;
  const cache = (reach(pages * page, kvHeads, dim, kToken, kHead) / 4) * size;
  return [
    reach(qTokens, heads, dim, qToken, qHead),
    cache,
    cache,
    reach(qTokens, heads, dim, oToken, oHead),
    heads * qTokens * 4,
    (sequences + 1) * 4,
    sequences * 4,
    sequences * width * 4,
  ];
}

/** What attention over pages costs, whatever they are made of. @param starts argument that has the sequences' boundaries; their lengths follow. */
function pagedCosts(starts: number): Pick<Kernel, "explain"> & {
  flops(s: readonly number[], words: Words): number;
  bytes(size: number, scales: number, s: readonly number[], words: Words): number;
} {
  return {
    flops: ([sequences, heads, , dim, , , , , , , , , , , causal], words) =>
      4 * heads * dim * pairs(lengths(words(starts, sequences + 1)), words(starts + 1, sequences), causal),
    bytes: (size, scales, [sequences, heads, kvHeads, dim, qTokens, , , width], words) => {
      const keys = words(starts + 1, sequences).reduce((sum, length) => sum + length, 0); // and as many values
      const numbers = qTokens * heads * (2 * dim + 1) + sequences + 1 + sequences + sequences * width;
      return 4 * numbers + 2 * keys * kvHeads * (dim * size + 4 * scales);
    },
    explain: badPages,
  };
}

/** Cuts attention by sequences and heads. @param at where the scalars begin. */
function byHeads(at: number): Required<Pick<Kernel, "parts" | "part">> {
  const end = at + pagedScalars.length;
  return {
    parts: (args, team) => {
      const [sequences, heads, , dim, qTokens, , page, width] = args.slice(at);
      return sharedParts(2 * heads * dim * qTokens * page * width, sequences * heads, team);
    },
    part: (args, i, parts) => {
      const { from, to } = run(args[at] * args[at + 1], i, parts);
      return [...args.slice(0, end), from, to];
    },
  };
}

/** Arguments of the compiled kernel behind its buffers: the scalars without the sequences, and which of their heads. */
function headsOf(scalars: readonly number[]): number[] {
  const [sequences, heads] = scalars;
  const shape = scalars.slice(1, pagedScalars.length);
  return scalars.length > pagedScalars.length ? [...shape, ...scalars.slice(-2)] : [...shape, 0, sequences * heads];
}

function noSuchRow(status: number, rows: number): string {
  return `index ${status - 1} names a row that is not among the ${rows} of the table`;
}

const costs = pagedCosts(5);
const costs8 = pagedCosts(7);
const heads = byHeads(9);
/** Arguments of `putRows`, `putRows8` and `copyRows`; a part has two more: its first column, and the end of them. */
const [PUT, PUT8, COPY] = [7, 8, 6];

/** Scalars are listed in each comment, in order. */
export const pageKernels = {
  /**
   * q, k, v [pages, page, kvHeads, dim], o, lse, qStarts (i32) [sequences + 1], lengths (i32) [sequences], tables (i32)
   * [sequences, width] | dtype (of k and v), sequences, heads, kvHeads, dim, qTokens, pages, page, width, qToken, qHead,
   * kToken, kHead, oToken, oHead, causal, scale
   */
  attentionPaged: {
    scalars: ["dtype", ...pagedScalars],
    buffers: ["in", "in", "in", "out", "out", "in", "in", "in"],
    bounds: ([dtype, ...s]) => pagedBounds(sizeOfCode(checked(dtype)), s),
    flops: ([, ...s], words) => costs.flops(s, words),
    bytes: ([dtype, ...s], words) => costs.bytes(sizeOfCode(dtype), 0, s, words),
    run: (k, args, scratch) => {
      const [q, key, v, ...rest] = args.slice(0, 8);
      const bytes = k.attentionPagedScratchBytes();
      return k.attentionPaged(args[8], q, key, v, 0, 0, ...rest, ...headsOf(args.slice(9)), scratch(bytes));
    },
    ...heads,
    explain: costs.explain,
  },
  /**
   * q, k, v (int8), kScales, vScales (f32) [pages, page, kvHeads], o, lse, qStarts, lengths, tables | as attentionPaged
   * without the dtype
   */
  attentionPaged8: {
    scalars: pagedScalars,
    buffers: ["in", "in", "in", "in", "in", "out", "out", "in", "in", "in"],
    bounds: (s) => {
      const [q, k, v, ...rest] = pagedBounds(1, s);
      const scales = s[5] * s[6] * s[2] * 4;
      return [q, k, v, scales, scales, ...rest];
    },
    flops: costs8.flops,
    bytes: (s, words) => costs8.bytes(1, 1, s, words),
    run: (k, args, scratch) => {
      const bytes = k.attentionPagedScratchBytes();
      return k.attentionPaged(0, ...args.slice(0, 10), ...headsOf(args.slice(10)), scratch(bytes));
    },
    ...byHeads(10),
    explain: costs8.explain,
  },
  /**
   * table (f32 or bf16) [rows, width], index [n], source (f32) [n, width] | dtype, rows, n, width: rows take the place of those
   * that the index names.
   */
  putRows: {
    scalars: ["dtype", "rows", "n", "width"],
    buffers: ["inout", "in", "in"],
    bounds: ([dtype, rows, n, width]) => [rows * width * sizeOfCode(checked(dtype)), n * 4, n * width * 4],
    flops: () => 0,
    bytes: ([dtype, , n, width]) => 4 * n + (4 + sizeOfCode(dtype)) * n * width,
    run: (k, [table, index, source, dtype, rows, n, width, left = 0, right = width]) =>
      k.putRows(dtype, table, index, source, rows, n, width, left, right),
    parts: ([, , , , , n, width], team) => sharedBytes(8 * n * width, width / GRAIN, team),
    part: (args, i, parts) => {
      const { from, to } = run(args[6], i, parts, GRAIN);
      return [...args.slice(0, PUT), from, to];
    },
    explain: (status, args) => noSuchRow(status, args[4]),
  },
  /** table (int8) [rows, heads, dim], scales [rows, heads], index [n], source (f32) [n, heads, dim] | rows, n, heads, dim: as putRows, the largest of each row's head as 127 */
  putRows8: {
    scalars: ["rows", "n", "heads", "dim"],
    buffers: ["inout", "inout", "in", "in"],
    bounds: ([rows, n, count, dim]) => [rows * count * dim, rows * count * 4, n * 4, n * count * dim * 4],
    flops: ([, n, count, dim]) => 3 * n * count * dim,
    bytes: ([, n, count, dim]) => 4 * n + n * count * (5 * dim + 4),
    run: (k, [table, scales, index, source, rows, n, count, dim, left = 0, right = count]) =>
      k.putRows8(table, scales, index, source, rows, n, count, dim, left, right),
    parts: ([, , , , , n, count, dim], team) => sharedBytes(8 * n * count * dim, count, team),
    part: (args, i, parts) => {
      const { from, to } = run(args[6], i, parts);
      return [...args.slice(0, PUT8), from, to];
    },
    explain: (status, args) => noSuchRow(status, args[4]),
  },
  /** table [rows, width] of bytes, from, to (i32) [n] | rows, n, width: row from[i] is copied to row to[i], one after the other. */
  copyRows: {
    scalars: ["rows", "n", "width"],
    buffers: ["inout", "in", "in"],
    bounds: ([rows, n, width]) => [rows * width, n * 4, n * 4],
    flops: () => 0,
    bytes: ([, n, width]) => 8 * n + 2 * n * width,
    run: (k, [table, from, to, rows, n, width, left = 0, right = width]) =>
      k.copyRows(table, from, to, rows, n, width, left, right),
    parts: ([, , , , n, width], team) => sharedBytes(2 * n * width, width / 64, team),
    part: (args, i, parts) => {
      const { from, to } = run(args[5], i, parts, 64);
      return [...args.slice(0, COPY), from, to];
    },
    explain: (status, args) => noSuchRow(status, args[3]),
  },
} satisfies Record<string, Kernel>;
