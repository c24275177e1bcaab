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

/**
 * table[index[i], c] += source[i, c] for the columns left..right, in the order of i. Returns as gatherRows.
 * Threads that share the work take columns: rows of a table may be named many times.
 */
export function scatterAddRows(table: Ptr, index: Ptr, source: Ptr, rows: i32, n: i32, width: i32,
                               left: i32, right: i32): i32 {
  const bytes = <Ptr>width * 4, first = <Ptr>left * 4, last = <Ptr>right * 4;
  for (let i = 0; i < n; i++, source += bytes) {
    const row = load<i32>(index + <Ptr>i * 4);
    if (<u32>row >= <u32>rows) return i + 1;
    const to = table + <Ptr>row * bytes;
    let at = first;
    for (; at + 16 <= last; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(source + at)));
    for (; at < last; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(source + at));
  }
  return 0;
}

/** As scatterAddRows, but rows take the place of what is there. */
export function putRows(table: Ptr, index: Ptr, source: Ptr, rows: i32, n: i32, width: i32,
                        left: i32, right: i32): i32 {
  const bytes = <Ptr>width * 4, first = <Ptr>left * 4, length = <Ptr>(right - left) * 4;
  for (let i = 0; i < n; i++, source += bytes) {
    const row = load<i32>(index + <Ptr>i * 4);
    if (<u32>row >= <u32>rows) return i + 1;
    memory.copy(table + <Ptr>row * bytes + first, source + first, length);
  }
  return 0;
}
