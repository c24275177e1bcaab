// Means, and the wide form in which reductions travel. One rule for both: halves are added in
// f32, and no intermediate value of a mean can overflow.
//
// A mean of floats adds terms scaled by 2^-k, where 2^k is the least power of two that is no
// less than the divisor, and divides by divisor × 2^-k at the end. Scaling by a power of two is
// exact, so the bits are those of the plain sum divided, unless that overflows.
import { BF16, F16, F32, I32, Ptr, U8, floatLanes, load1, load4, store1, store4 } from "./lanes";

/** 2^-k for a divisor. */
// @ts-ignore: decorator
@inline export function scaleOf(divisor: i32): f32 {
  return divisor <= 1 ? 1 : reinterpret<f32>((127 - (32 - clz(divisor - 1))) << 23);
}

// @ts-ignore: decorator
@inline function source(list: Ptr, k: i32): Ptr { return load<Ptr>(list + <Ptr>k * 4); }

/** Lanes that hold a wide sum, divided: floats by the scaled divisor, integers truncated toward zero. */
// @ts-ignore: decorator
@inline function divided<T>(v: v128, divisor: i32): v128 {
  if (floatLanes<T>()) return f32x4.div(v, f32x4.splat(<f32>divisor * scaleOf(divisor)));
  return i32x4(i32x4.extract_lane(v, 0) / divisor, i32x4.extract_lane(v, 1) / divisor,
    i32x4.extract_lane(v, 2) / divisor, i32x4.extract_lane(v, 3) / divisor);
}

// @ts-ignore: decorator
@inline function scaled<T>(v: v128, scale: v128): v128 {
  return floatLanes<T>() ? f32x4.mul(v, scale) : v;
}

// @ts-ignore: decorator
@inline function added<T>(a: v128, b: v128): v128 {
  return floatLanes<T>() ? f32x4.add(a, b) : i32x4.add(a, b);
}

/** dsts = mean of srcs; a destination may be a source. u8 is added in 32 bits. */
// @ts-ignore: decorator
@inline function meanOf<T>(srcs: Ptr, ns: i32, dsts: Ptr, nd: i32, n: i32, divisor: i32): void {
  const scale = f32x4.splat(scaleOf(divisor));
  let i = 0;
  let at: Ptr = 0;
  if (sizeof<T>() == 4) {
    for (; i + 16 <= n; i += 16, at += 64) {
      let p = source(srcs, 0) + at;
      let v0 = scaled<T>(v128.load(p), scale), v1 = scaled<T>(v128.load(p, 16), scale);
      let v2 = scaled<T>(v128.load(p, 32), scale), v3 = scaled<T>(v128.load(p, 48), scale);
      for (let k = 1; k < ns; k++) {
        p = source(srcs, k) + at;
        v0 = added<T>(v0, scaled<T>(v128.load(p), scale));
        v1 = added<T>(v1, scaled<T>(v128.load(p, 16), scale));
        v2 = added<T>(v2, scaled<T>(v128.load(p, 32), scale));
        v3 = added<T>(v3, scaled<T>(v128.load(p, 48), scale));
      }
      v0 = divided<T>(v0, divisor); v1 = divided<T>(v1, divisor);
      v2 = divided<T>(v2, divisor); v3 = divided<T>(v3, divisor);
      for (let k = 0; k < nd; k++) {
        p = source(dsts, k) + at;
        v128.store(p, v0); v128.store(p, v1, 16); v128.store(p, v2, 32); v128.store(p, v3, 48);
      }
    }
  }
  for (; i + 4 <= n; i += 4, at += 4 * sizeof<T>()) {
    let v = scaled<T>(load4<T>(source(srcs, 0) + at), scale);
    for (let k = 1; k < ns; k++) v = added<T>(v, scaled<T>(load4<T>(source(srcs, k) + at), scale));
    v = divided<T>(v, divisor);
    for (let k = 0; k < nd; k++) store4<T>(source(dsts, k) + at, v);
  }
  for (; i < n; i++, at += sizeof<T>()) {
    let v = scaled<T>(load1<T>(source(srcs, 0) + at), scale);
    for (let k = 1; k < ns; k++) v = added<T>(v, scaled<T>(load1<T>(source(srcs, k) + at), scale));
    v = divided<T>(v, divisor);
    for (let k = 0; k < nd; k++) store1<T>(source(dsts, k) + at, v);
  }
}

/** i32 is added in 64 bits. */
function meanOfIntegers(srcs: Ptr, ns: i32, dsts: Ptr, nd: i32, n: i32, divisor: i32): void {
  let at: Ptr = 0;
  for (let i = 0; i < n; i++, at += 4) {
    let sum: i64 = 0;
    for (let k = 0; k < ns; k++) sum += <i64>load<i32>(source(srcs, k) + at);
    const mean = <i32>(sum / <i64>divisor);
    for (let k = 0; k < nd; k++) store<i32>(source(dsts, k) + at, mean);
  }
}

/** For combine: the mean of several buffers. */
export function combineMean(dtype: i32, srcs: Ptr, ns: i32, dsts: Ptr, nd: i32, n: i32, divisor: i32): void {
  switch (dtype) {
    case F32: meanOf<f32>(srcs, ns, dsts, nd, n, divisor); break;
    case F16: meanOf<u16>(srcs, ns, dsts, nd, n, divisor); break;
    case BF16: meanOf<i16>(srcs, ns, dsts, nd, n, divisor); break;
    case I32: meanOfIntegers(srcs, ns, dsts, nd, n, divisor); break;
    case U8: meanOf<u8>(srcs, ns, dsts, nd, n, divisor); break;
  }
}

// @ts-ignore: decorator
@inline function widenTo32<T>(src: Ptr, dst: Ptr, n: i32, scale: v128): void {
  let i = 0;
  for (; i + 4 <= n; i += 4, src += 4 * sizeof<T>(), dst += 16) v128.store(dst, scaled<T>(load4<T>(src), scale));
  for (; i < n; i++, src += sizeof<T>(), dst += 4) {
    store<i32>(dst, i32x4.extract_lane(scaled<T>(load1<T>(src), scale), 0));
  }
}

/**
 * dst = src in its wide form: f32 for floats, scaled for a mean; i32 for u8; for i32 two runs of
 * n numbers, the upper halves and the lower ones, whose sums cannot overflow. dst may be src for f32.
 * @param divisor of the mean to come, 1 if there will be none.
 */
export function widen(dtype: i32, src: Ptr, dst: Ptr, n: i32, divisor: i32): void {
  const scale = f32x4.splat(scaleOf(divisor));
  switch (dtype) {
    case F32: widenTo32<f32>(src, dst, n, scale); break;
    case F16: widenTo32<u16>(src, dst, n, scale); break;
    case BF16: widenTo32<i16>(src, dst, n, scale); break;
    case U8: widenTo32<u8>(src, dst, n, scale); break;
    case I32:
      for (let i = 0; i < n; i++) {
        const x = load<i32>(src + <Ptr>i * 4);
        store<i32>(dst + <Ptr>i * 4, x >> 16);
        store<i32>(dst + <Ptr>(n + i) * 4, x & 0xffff);
      }
  }
}

// @ts-ignore: decorator
@inline function narrowFrom32<T>(src: Ptr, dst: Ptr, n: i32, divisor: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4, src += 16, dst += 4 * sizeof<T>()) {
    const v = v128.load(src);
    store4<T>(dst, divisor == 1 ? v : divided<T>(v, divisor));
  }
  for (; i < n; i++, src += 4, dst += sizeof<T>()) {
    const v = v128.load_splat<u32>(src);
    store1<T>(dst, divisor == 1 ? v : divided<T>(v, divisor));
  }
}

/** dst = the reduced wide form src, divided and rounded once. dst may be src for f32. */
export function narrow(dtype: i32, src: Ptr, dst: Ptr, n: i32, divisor: i32): void {
  switch (dtype) {
    case F32: narrowFrom32<f32>(src, dst, n, divisor); break;
    case F16: narrowFrom32<u16>(src, dst, n, divisor); break;
    case BF16: narrowFrom32<i16>(src, dst, n, divisor); break;
    case U8: narrowFrom32<u8>(src, dst, n, divisor); break;
    case I32:
      for (let i = 0; i < n; i++) {
        const sum = ((<i64>load<i32>(src + <Ptr>i * 4)) << 16) + <i64>load<i32>(src + <Ptr>(n + i) * 4);
        store<i32>(dst + <Ptr>i * 4, <i32>(sum / <i64>divisor));
      }
  }
}
