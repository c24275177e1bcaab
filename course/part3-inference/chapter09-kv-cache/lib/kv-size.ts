// How many bytes keys and values take: for each token, in pages, and reserved for the longest.
import type { KvShape } from "./shapes.ts";

/** What keys and values are kept in. */
export const kvDtypes = ["f32", "bf16", "int8"] as const;
export type KvDtype = (typeof kvDtypes)[number];

const bytesOf: Readonly<Record<KvDtype, number>> = { f32: 4, bf16: 2, int8: 1 };
/** Of an f32 scale. */
const SCALE = 4;

/** Bytes of a head's keys of one token, its scale included: int8 has one f32 scale for each token and head. */
export function bytesPerHead(headDim: number, dtype: KvDtype): number {
  return headDim * bytesOf[dtype] + (dtype === "int8" ? SCALE : 0);
}

/** Bytes that a token keeps in all layers. Latent attention keeps one row for keys and values together. */
export function bytesPerToken({ layers, kvHeads, headDim, latent }: KvShape, dtype: KvDtype): number {
  if (latent !== undefined) return layers * bytesPerHead(latent, dtype);
  return layers * 2 * kvHeads * bytesPerHead(headDim, dtype);
}

/** A tensor's memory is a multiple of it. */
const BLOCK = 64;

/** Bytes that an allocator takes for the tensors of a pool: in each layer one of keys, one of values, and in int8 the scales of each. */
export function inBlocks({ layers, kvHeads, headDim }: KvShape, tokens: number, dtype: KvDtype): number {
  const tensors = [headDim * bytesOf[dtype], ...(dtype === "int8" ? [SCALE] : [])];
  return 2 * layers * tensors.reduce((sum, each) => sum + Math.ceil((tokens * kvHeads * each) / BLOCK) * BLOCK, 0);
}

/** Pages of so many tokens. */
export function pagesFor(tokens: number, pageSize: number): number {
  return Math.ceil(tokens / pageSize);
}
