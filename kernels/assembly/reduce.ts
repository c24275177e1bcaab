// Reductions along one axis of a contiguous array seen as [outer, n, inner].
// Half formats accumulate in f32 and are rounded once; integers give i32 and wrap.
import { MAX, MIN, PRODUCT, SUM, join } from "./operators";
import { BF16, F16, F32, I32, Ptr, U8, floatLanes, load1, load4, splat, store1, store4 } from "./lanes";

/** What an empty reduction gives: 0, 1, or the far end of the dtype. */
// @ts-ignore: decorator
@inline function identity<T>(op: i32): v128 {
  if (op == SUM) return splat<T>(0);
  if (op == PRODUCT) return splat<T>(1);
  if (floatLanes<T>()) return f32x4.splat(op == MIN ? Infinity : -Infinity);
  if (sizeof<T>() == 1) return i32x4.splat(op == MIN ? 255 : 0);
  return i32x4.splat(op == MIN ? i32.MAX_VALUE : i32.MIN_VALUE);
}

/** The four lanes combined, in every lane. */
// @ts-ignore: decorator
@inline function across<T>(op: i32, v: v128): v128 {
  v = join<T>(op, v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return join<T>(op, v, v128.shuffle<i32>(v, v, 1, 0, 3, 2));
}

/** n neighbours into one. In f32, four independent accumulators hide the latency of the adder. */
// @ts-ignore: decorator
@inline function rowOf<T>(op: i32, p: Ptr, n: i32): v128 {
  const V: Ptr = 4 * sizeof<T>();
  let a0 = identity<T>(op), a1 = a0, a2 = a0, a3 = a0;
  let i = 0;
  if (isFloat<T>()) {
    for (; i + 16 <= n; i += 16, p += 4 * V) {
      a0 = join<T>(op, a0, load4<T>(p));
      a1 = join<T>(op, a1, load4<T>(p + V));
      a2 = join<T>(op, a2, load4<T>(p + 2 * V));
      a3 = join<T>(op, a3, load4<T>(p + 3 * V));
    }
    a0 = join<T>(op, join<T>(op, a0, a1), join<T>(op, a2, a3));
  }
  for (; i + 4 <= n; i += 4, p += V) a0 = join<T>(op, a0, load4<T>(p));
  a0 = across<T>(op, a0);
  for (; i < n; i++, p += sizeof<T>()) a0 = join<T>(op, a0, load1<T>(p));
  return a0;
}

/** One vector of columns into one: n rows, `step` bytes apart. */
// @ts-ignore: decorator
@inline function columns<T>(op: i32, p: Ptr, n: i32, step: Ptr): v128 {
  let acc = identity<T>(op);
  for (let i = 0; i < n; i++, p += step) acc = join<T>(op, acc, load4<T>(p));
  return acc;
}

/**
 * R is T for floating dtypes and i32 for integers. Of `width` columns that lie side by side, the first `inner`
 * are done: a thread's share of the whole.
 */
// @ts-ignore: decorator
@inline function reduceWith<T, R>(op: i32, src: Ptr, dst: Ptr, outer: i32, n: i32, inner: i32, width: i32): void {
  const step = <Ptr>width * sizeof<T>(), V: Ptr = 4 * sizeof<T>();
  for (let o = 0; o < outer; o++, src += <Ptr>n * step) {
    if (width == 1) {
      store1<R>(dst, rowOf<T>(op, src, n));
      dst += sizeof<R>();
      continue;
    }
    let j = 0;
    if (isFloat<T>()) {
      for (; j + 16 <= inner; j += 16, dst += 16 * sizeof<R>()) { // a line of the cache at a time
        let p = src + <Ptr>j * sizeof<T>();
        let a = identity<T>(op), b = a, c = a, d = a;
        for (let i = 0; i < n; i++, p += step) {
          a = join<T>(op, a, load4<T>(p));
          b = join<T>(op, b, load4<T>(p + V));
          c = join<T>(op, c, load4<T>(p + 2 * V));
          d = join<T>(op, d, load4<T>(p + 3 * V));
        }
        store4<R>(dst, a);
        store4<R>(dst + 4 * sizeof<R>(), b);
        store4<R>(dst + 8 * sizeof<R>(), c);
        store4<R>(dst + 12 * sizeof<R>(), d);
      }
    }
    for (; j + 4 <= inner; j += 4, dst += 4 * sizeof<R>()) store4<R>(dst, columns<T>(op, src + <Ptr>j * sizeof<T>(), n, step));
    for (; j < inner; j++, dst += sizeof<R>()) {
      let p = src + <Ptr>j * sizeof<T>(), acc = identity<T>(op);
      for (let i = 0; i < n; i++, p += step) acc = join<T>(op, acc, load1<T>(p));
      store1<R>(dst, acc);
    }
  }
}

function reduceFloat(op: i32, src: Ptr, dst: Ptr, outer: i32, n: i32, inner: i32, width: i32): void {
  switch (op) { // a constant in each call: the loops are compiled once for every operator
    case SUM: reduceWith<f32, f32>(SUM, src, dst, outer, n, inner, width); break;
    case MIN: reduceWith<f32, f32>(MIN, src, dst, outer, n, inner, width); break;
    case MAX: reduceWith<f32, f32>(MAX, src, dst, outer, n, inner, width); break;
    case PRODUCT: reduceWith<f32, f32>(PRODUCT, src, dst, outer, n, inner, width); break;
  }
}

/**
 * dst[outer, inner] = op over the middle axis of src[outer, n, inner]. A share of the columns of one array has
 * `inner` of them, where src has `width`.
 */
export function reduce(op: i32, dtype: i32, src: Ptr, dst: Ptr, outer: i32, n: i32, inner: i32, width: i32): void {
  switch (dtype) {
    case F32: reduceFloat(op, src, dst, outer, n, inner, width); break;
    case F16: reduceWith<u16, u16>(op, src, dst, outer, n, inner, width); break;
    case BF16: reduceWith<i16, i16>(op, src, dst, outer, n, inner, width); break;
    case I32: reduceWith<i32, i32>(op, src, dst, outer, n, inner, width); break;
    case U8: reduceWith<u8, i32>(op, src, dst, outer, n, inner, width); break;
  }
}

function argmaxOf<T>(src: Ptr, dst: Ptr, outer: i32, n: i32, inner: i32): void {
  const step = <Ptr>inner * sizeof<T>();
  for (let o = 0; o < outer; o++) for (let j = 0; j < inner; j++, dst += 4) {
    let p = src + <Ptr>((o * n) * inner + j) * sizeof<T>();
    let best = load1<T>(p), at = 0;
    for (let i = 0; i < n; i++, p += step) {
      const v = load1<T>(p);
      const better = floatLanes<T>()
        ? v128.any_true(v128.or(f32x4.gt(v, best), v128.andnot(f32x4.ne(v, v), f32x4.ne(best, best))))
        : v128.any_true(i32x4.gt_s(v, best));
      if (better) { best = v; at = i; }
    }
    store<i32>(dst, at);
  }
}

/** dst (i32) = position of the first maximum along the middle axis; a NaN counts as the maximum. */
export function argmax(dtype: i32, src: Ptr, dst: Ptr, outer: i32, n: i32, inner: i32): void {
  switch (dtype) {
    case F32: argmaxOf<f32>(src, dst, outer, n, inner); break;
    case F16: argmaxOf<u16>(src, dst, outer, n, inner); break;
    case BF16: argmaxOf<i16>(src, dst, outer, n, inner); break;
    case I32: argmaxOf<i32>(src, dst, outer, n, inner); break;
    case U8: argmaxOf<u8>(src, dst, outer, n, inner); break;
  }
}
