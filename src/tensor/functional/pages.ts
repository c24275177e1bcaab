/** Keys and values in pages, in f32, bf16 or 8 bits: rows written, pages copied, and attention over a block table. */

import { dtypes } from "../../device/index.ts";
import { rawOf } from "../raw.ts";
import type { Tensor } from "../tensor.ts";
import { type Attention, headsOf } from "./attention.ts";
import { shaped, tensors } from "./check.ts";

/**
 * Vectors of signed bytes, with a scale for each: x ≈ packed · scale, the largest of a vector being 127. With vectors that are
 * a token's key or value of one head, this is symmetric int8 per token and head.
 */
export interface Quantized8 {
  /** u8, the bits of signed bytes: [..., dim] */
  readonly packed: Tensor;
  /** f32 [...] */
  readonly scales: Tensor;
}

/** Rows in place of others. */
export interface IndexCopy {
  /** f32 or bf16 [rows, width]; or 8 bits, [rows, heads, dim]. */
  readonly table: Tensor | Quantized8;
  /** i32, any shape */
  readonly index: Tensor;
  /** f32 [...index, width], or [...index, heads, dim]. */
  readonly source: Tensor;
}

/**
 * Puts rows in place of those that an index names, in the table's dtype; torch's `index_copy_` along axis 0. Of two rows for one
 * place, the later stays. @returns the table. @throws KernelError, at the next wait, for a row that is not there.
 */
export function indexCopy<T extends Tensor | Quantized8>(args: IndexCopy & { table: T }): T {
  const { table, index, source } = args;
  tensors("indexCopy", { source });
  tensors("indexCopy", { index }, "i32");
  if ("packed" in table) return indexCopy8({ table, index, source }) as T;
  const { dtype, shape } = table;
  tensors("indexCopy", { table }, dtype === "bf16" ? "bf16" : "f32");
  if (shape.length !== 2) throw new RangeError(`indexCopy takes a table [rows, width], but got ${table}.`);
  const [rows, width] = shape;
  shaped("indexCopy", "source", source, [...index.shape, width], "a row for each index");
  return source.device.fused("indexCopy", args, () => {
    const scalars = [dtypes[dtype].code, rows, index.size, width];
    rawOf(source.device).launch("putRows", [table.ref(), index.ref(), source.ref()], scalars);
    return table;
  });
}

function indexCopy8(args: IndexCopy & { table: Quantized8 }): Quantized8 {
  const { table, index, source } = args;
  const { packed, scales } = table;
  tensors("indexCopy", { scales });
  tensors("indexCopy", { packed }, "u8");
  if (packed.shape.length !== 3)
    throw new RangeError(`indexCopy takes a table of 8 bits [rows, heads, dim], but got ${packed}.`);
  const [rows, heads, dim] = packed.shape;
  shaped("indexCopy", "scales", scales, [rows, heads], "one for each row and head");
  shaped("indexCopy", "source", source, [...index.shape, heads, dim], "a row for each index");
  return source.device.fused("indexCopy", args, () => {
    const refs = [packed, scales, index, source].map((tensor) => tensor.ref());
    rawOf(source.device).launch("putRows8", refs, [rows, index.size, heads, dim]);
    return table;
  });
}

/**
 * Copies rows of a table of any dtype to others of it, one after the other: what is in table[from[i]] is in table[to[i]] then.
 * @param args.table [rows, ...] @param args.from and @param args.to i32 [n]. @returns the table.
 * @throws KernelError, at the next wait, for a row that is not there.
 */
export function copyRows(args: { table: Tensor; from: Tensor; to: Tensor }): Tensor {
  const { table, from, to } = args;
  tensors("copyRows", { table }, table.dtype);
  tensors("copyRows", { from, to }, "i32");
  shaped("copyRows", "to", to, from.shape, "one for each row that is copied");
  const [rows] = table.shape;
  return table.device.fused("copyRows", args, () => {
    const width = rows === 0 ? 0 : (table.size / rows) * dtypes[table.dtype].bytes;
    rawOf(table.device).launch("copyRows", [table.ref(), from.ref(), to.ref()], [rows, from.size, width]);
    return table;
  });
}

/** Arguments of attention over a block table. */
export interface PagedAttention extends Omit<Attention, "k" | "v" | "kStarts"> {
  /** [pages, page, kvHeads, dim]: the keys of all sequences, in blocks; f32, bf16 or 8 bits. */
  readonly k: Tensor | Quantized8;
  /** As k. */
  readonly v: Tensor | Quantized8;
  /** i32 [sequences]: keys of each. */
  readonly lengths: Tensor;
  /** i32 [sequences, width]: the pages of each, in order. */
  readonly tables: Tensor;
}

/**
 * softmax(q kᵀ · scale) v over a block table. What a query gets depends, to the last bit, on its keys alone: not on the length
 * of pages, nor on the queries beside it.
 * @returns o like q, and lse [heads, qTokens]. @throws KernelError, at the next wait, for boundaries, a length or a page that do not exist.
 */
export function attentionPaged(args: PagedAttention): { o: Tensor; lse: Tensor } {
  const { q, k, v, qStarts, lengths, tables, causal = true, scale } = args;
  tensors("attentionPaged", { q });
  tensors("attentionPaged", { qStarts, lengths, tables }, "i32");
  const [qTokens, heads, dim] = headsOf("attentionPaged", q);
  const { caches, shape, dtype } = cachesOf(k, v);
  const [pages, page, kvHeads] = shape;
  if (!(shape[3] === dim && kvHeads > 0 && heads % kvHeads === 0)) {
    throw new RangeError(
      `attentionPaged takes heads of ${dim} as q has them, ${heads} being a multiple of their number; k has ${kvHeads} of ${shape[3]}.`,
    );
  }
  const [sequences, width] = tables.shape;
  shaped("attentionPaged", "qStarts", qStarts, [sequences + 1], "the sequences' boundaries");
  shaped("attentionPaged", "lengths", lengths, [sequences], "one for each sequence");
  return q.device.fused("attentionPaged", args, () => {
    const [o, lse] = [q.device.empty(q.shape), q.device.empty([heads, qTokens])];
    const refs = [q, ...caches, o, lse, qStarts, lengths, tables].map((tensor) => tensor.ref());
    const sizes = [sequences, heads, kvHeads, dim, qTokens, pages, page, width];
    const strides = [heads * dim, dim, kvHeads * dim, dim, heads * dim, dim];
    const scalars = [...sizes, ...strides, Number(causal), scale ?? 1 / Math.sqrt(dim)];
    if (dtype === undefined) rawOf(q.device).launch("attentionPaged8", refs, scalars);
    else rawOf(q.device).launch("attentionPaged", refs, [dtypes[dtype].code, ...scalars]);
    return { o, lse };
  });
}

/** What attention reads: the tensors, in the kernel's order, and their dtype; none for 8 bits. */
function cachesOf(k: Tensor | Quantized8, v: Tensor | Quantized8) {
  const shape = ("packed" in k ? k.packed : k).shape;
  if (shape.length !== 4)
    throw new RangeError(`attentionPaged takes k of shape [pages, page, kvHeads, dim], but got [${shape}].`);
  if ("packed" in k && "packed" in v) {
    tensors("attentionPaged", { "k.packed": k.packed, "v.packed": v.packed }, "u8");
    tensors("attentionPaged", { "k.scales": k.scales, "v.scales": v.scales });
    shaped("attentionPaged", "v.packed", v.packed, shape, "as k");
    for (const { scales } of [k, v])
      shaped("attentionPaged", "scales", scales, shape.slice(0, 3), "one for each token and head");
    return { caches: [k.packed, v.packed, k.scales, v.scales], shape, dtype: undefined };
  }
  if ("packed" in k || "packed" in v) throw new TypeError("attentionPaged takes k and v in one dtype, both of 8 bits.");
  const dtype = k.dtype === "bf16" ? "bf16" : "f32";
  tensors("attentionPaged", { k, v }, dtype);
  shaped("attentionPaged", "v", v, shape, "as k");
  return { caches: [k, v], shape, dtype } as const;
}
