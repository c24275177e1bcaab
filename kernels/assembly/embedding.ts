// Rows by index: reading them (an embedding's forward) and adding to them (its gradient).
import { Ptr } from "./lanes";

/**
 * out[i, :] = table[index[i], :] for f32 rows of `width` elements.
 * Returns 0, or 1 + the place of the first index that is no row; rows before it are written.
 */
export function gatherRows(table: Ptr, index: Ptr, out: Ptr, rows: i32, n: i32, width: i32): i32 {
  const bytes = <Ptr>width * 4;
  for (let i = 0; i < n; i++) {
    const row = load<i32>(index + <Ptr>i * 4);
    if (<u32>row >= <u32>rows) return i + 1;
    memory.copy(out + <Ptr>i * bytes, table + <Ptr>row * bytes, bytes);
  }
  return 0;
}

/** table[index[i], :] += source[i, :], in the order of i. Returns as gatherRows. */
export function scatterAddRows(table: Ptr, index: Ptr, source: Ptr, rows: i32, n: i32, width: i32): i32 {
  const bytes = <Ptr>width * 4, body = bytes & ~15;
  for (let i = 0; i < n; i++, source += bytes) {
    const row = load<i32>(index + <Ptr>i * 4);
    if (<u32>row >= <u32>rows) return i + 1;
    const to = table + <Ptr>row * bytes;
    let at: Ptr = 0;
    for (; at < body; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(source + at)));
    for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(source + at));
  }
  return 0;
}
