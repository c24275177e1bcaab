// Four elements of any dtype in one v128. Everything here is inlined.
//
// A kernel is written once, generic over an element type T, and works on "lanes":
// f32 lanes for the floating dtypes, i32 lanes for the integer ones. The tags are
// plain machine types, because AssemblyScript can decide on them while compiling:
//   f32 -> f32     u16 -> IEEE half     i16 -> bfloat16     i32 -> i32     u8 -> u8

/** A byte address in linear memory. `usize` is unsigned 32-bit in wasm32. */
export type Ptr = usize;

/** dtype codes shared with src/device/dtype.ts. */
export const F32 = 0, F16 = 1, BF16 = 2, I32 = 3, U8 = 4;

/** Whether T's lanes are floats (true) or integers (false). A compile-time constant. */
// @ts-ignore: decorator
@inline export function floatLanes<T>(): bool {
  return isFloat<T>() || sizeof<T>() == 2;
}

// @ts-ignore: decorator
@inline function halfToFloat(h: v128): v128 {
  // Move exponent and mantissa into place, then let one multiplication fix the bias;
  // it also normalises denormals. Infinity and NaN need their exponent filled.
  const magnitude = v128.and(h, i32x4.splat(0x7fff));
  const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16);
  const scaled = f32x4.mul(i32x4.shl(magnitude, 13), i32x4.splat(0x77800000)); // * 2^112
  const special = v128.and(i32x4.ge_u(magnitude, i32x4.splat(0x7c00)), i32x4.splat(0x7f800000));
  return v128.or(v128.or(scaled, special), sign);
}

// @ts-ignore: decorator
@inline function floatToHalf(x: v128): v128 {
  // Round to nearest even. Three ranges: NaN or overflow, denormal, normal.
  const sign = v128.and(x, i32x4.splat(<i32>0x80000000));
  const a = v128.xor(x, sign);
  const nan = i32x4.gt_u(a, i32x4.splat(0x7f800000));
  const large = i32x4.ge_u(a, i32x4.splat(0x47800000)); // >= 65536
  const huge = v128.bitselect(i32x4.splat(0x7e00), i32x4.splat(0x7c00), nan);
  const magic = i32x4.splat(0x3f000000); // 0.5: its ulp is the smallest half denormal
  const denormal = i32x4.sub(f32x4.add(a, magic), magic);
  const odd = v128.and(i32x4.shr_u(a, 13), i32x4.splat(1));
  const rebias = i32x4.splat(<i32>0xc8000fff); // ((15 - 127) << 23) + 0xfff
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(a, rebias), odd), 13);
  const small = i32x4.lt_u(a, i32x4.splat(0x38800000)); // < 2^-14
  const finite = v128.bitselect(denormal, normal, small);
  return v128.or(v128.bitselect(huge, finite, large), i32x4.shr_u(sign, 16));
}

// @ts-ignore: decorator
@inline function floatToBrain(x: v128): v128 {
  // Keep the upper half, rounded to nearest even; a NaN stays a (quiet) NaN.
  const odd = v128.and(i32x4.shr_u(x, 16), i32x4.splat(1));
  const rounded = i32x4.add(i32x4.add(x, i32x4.splat(0x7fff)), odd);
  const quiet = v128.or(x, i32x4.splat(0x400000));
  return i32x4.shr_u(v128.bitselect(quiet, rounded, f32x4.ne(x, x)), 16);
}

/** Storage bits of a T, widened to i32 lanes, as lanes. */
// @ts-ignore: decorator
@inline function decode<T>(bits: v128): v128 {
  if (sizeof<T>() == 2) return isSigned<T>() ? i32x4.shl(bits, 16) : halfToFloat(bits);
  return bits;
}

/** Lanes as storage bits of a T, one in each 32-bit lane. */
// @ts-ignore: decorator
@inline function encode<T>(lanes: v128): v128 {
  if (sizeof<T>() == 2) return isSigned<T>() ? floatToBrain(lanes) : floatToHalf(lanes);
  if (sizeof<T>() == 1) return v128.and(lanes, i32x4.splat(0xff)); // u8 wraps
  return lanes;
}

/** Four consecutive elements. */
// @ts-ignore: decorator
@inline export function load4<T>(p: Ptr): v128 {
  if (sizeof<T>() == 4) return v128.load(p);
  if (sizeof<T>() == 2) return decode<T>(v128.load_ext<u16>(p));
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load_zero<u32>(p)));
}

/** One element in all four lanes. */
// @ts-ignore: decorator
@inline export function load1<T>(p: Ptr): v128 {
  if (sizeof<T>() == 4) return v128.load_splat<u32>(p);
  if (sizeof<T>() == 2) return decode<T>(i32x4.splat(<i32>load<u16>(p)));
  return i32x4.splat(<i32>load<u8>(p));
}

/** Stores four lanes. */
// @ts-ignore: decorator
@inline export function store4<T>(p: Ptr, lanes: v128): void {
  if (sizeof<T>() == 4) v128.store(p, lanes);
  else {
    const bits = encode<T>(lanes);
    const words = i16x8.narrow_i32x4_u(bits, bits);
    if (sizeof<T>() == 2) v128.store_lane<u64>(p, words, 0);
    else v128.store_lane<u32>(p, i8x16.narrow_i16x8_u(words, words), 0);
  }
}

/** Stores the first lane. */
// @ts-ignore: decorator
@inline export function store1<T>(p: Ptr, lanes: v128): void {
  const bits = i32x4.extract_lane(encode<T>(lanes), 0);
  if (sizeof<T>() == 4) store<i32>(p, bits);
  else if (sizeof<T>() == 2) store<u16>(p, <u16>bits);
  else store<u8>(p, <u8>bits);
}

/** S's lanes as D's: truncation toward zero (saturating) or exact widening. */
// @ts-ignore: decorator
@inline export function relane<S, D>(lanes: v128): v128 {
  if (floatLanes<S>() == floatLanes<D>()) return lanes;
  return floatLanes<D>() ? f32x4.convert_i32x4_s(lanes) : i32x4.trunc_sat_f32x4_s(lanes);
}

/** The number in all lanes. Integers beyond 2^31 wrap. */
// @ts-ignore: decorator
@inline export function splat<T>(value: f64): v128 {
  if (floatLanes<T>()) return f32x4.splat(<f32>value);
  return i32x4.splat(<i32><i64>value);
}

/** a * b + c. One fused instruction in the relaxed build, mul + add otherwise. */
// @ts-ignore: decorator
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
