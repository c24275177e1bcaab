// Rows by index: reading them (an embedding's forward), adding to them (its gradient), writing and copying them.
import { F32, Ptr, store1, store4 } from "./lanes";
import { max4 } from "./rows";

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

/** As scatterAddRows, but rows take the place of what is there, in the table's dtype: f32 or bf16. */
export function putRows(dtype: i32, table: Ptr, index: Ptr, source: Ptr, rows: i32, n: i32, width: i32,
                        left: i32, right: i32): i32 {
  for (let i = 0; i < n; i++) {
    const row = load<i32>(index + <Ptr>i * 4);
    if (<u32>row >= <u32>rows) return i + 1;
    let from = source + (<Ptr>i * <Ptr>width + <Ptr>left) * 4, at = <Ptr>row * <Ptr>width + <Ptr>left, count = right - left;
    if (dtype == F32) {
      memory.copy(table + at * 4, from, <Ptr>count * 4);
      continue;
    }
    let to = table + at * 2;
    for (; count >= 4; count -= 4, from += 16, to += 8) store4<i16>(to, v128.load(from));
    for (; count > 0; count--, from += 4, to += 2) store1<i16>(to, v128.load_splat<u32>(from));
  }
  return 0;
}

/**
 * The same in 8 bits, for the heads left..right of rows of `heads` times `dim`: the largest of a row's head becomes 127, and
 * its scale is scales[row, head].
 */
export function putRows8(table: Ptr, scales: Ptr, index: Ptr, source: Ptr, rows: i32, n: i32, heads: i32, dim: i32,
                         left: i32, right: i32): i32 {
  for (let i = 0; i < n; i++) {
    const row = load<i32>(index + <Ptr>i * 4);
    if (<u32>row >= <u32>rows) return i + 1;
    for (let h = left; h < right; h++) {
      const at = <Ptr>row * <Ptr>heads + <Ptr>h;
      const from = source + (<Ptr>i * <Ptr>heads + <Ptr>h) * <Ptr>dim * 4;
      store<f32>(scales + at * 4, quantizeHead(from, table + at * <Ptr>dim, dim));
    }
  }
  return 0;
}

/** `dim` f32 as signed bytes. Returns their scale; NaN, if there is one among them. */
function quantizeHead(x: Ptr, to: Ptr, dim: i32): f32 {
  const end = x + <Ptr>dim * 4, body = x + (<Ptr>dim * 4 & ~15);
  let top = f32x4.splat(0);
  let p = x;
  for (; p < body; p += 16) top = f32x4.max(top, f32x4.abs(v128.load(p)));
  for (; p < end; p += 4) top = f32x4.max(top, f32x4.abs(v128.load_splat<u32>(p)));
  const scale = max4(top) / 127;
  const inverse = f32x4.splat(scale > 0 ? 1 / scale : 0);
  for (p = x; p < body; p += 16, to += 4) store<u32>(to, bytesOf(v128.load(p), inverse));
  for (; p < end; p += 4, to++) store<u8>(to, <u8>bytesOf(v128.load_splat<u32>(p), inverse));
  return scale;
}

/** Four f32 times a factor as signed bytes, beyond 127 none. */
// @ts-ignore: decorator
@inline function bytesOf(x: v128, factor: v128): u32 {
  const whole = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(x, factor)));
  const words = i16x8.narrow_i32x4_s(whole, whole);
  return <u32>i32x4.extract_lane(i8x16.narrow_i16x8_s(words, words), 0);
}

/** table[to[i], left..right] = table[from[i], left..right] of rows of `width` bytes, in the order of i. Returns as gatherRows. */
export function copyRows(table: Ptr, from: Ptr, to: Ptr, rows: i32, n: i32, width: i32, left: i32, right: i32): i32 {
  for (let i = 0; i < n; i++) {
    const source = load<i32>(from + <Ptr>i * 4), target = load<i32>(to + <Ptr>i * 4);
    if (<u32>source >= <u32>rows || <u32>target >= <u32>rows) return i + 1;
    memory.copy(table + <Ptr>target * <Ptr>width + <Ptr>left, table + <Ptr>source * <Ptr>width + <Ptr>left, <Ptr>(right - left));
  }
  return 0;
}
