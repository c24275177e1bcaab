// What row-wise kernels share: sums over the lanes of a vector, and over a row.
import { Ptr, madd } from "./lanes";

/** Sum of four lanes. */
// @ts-ignore: decorator
@inline export function sum4(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** Largest of four lanes. */
// @ts-ignore: decorator
@inline export function max4(v: v128): f32 {
  const a = f32x4.max(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.max(a, v128.shuffle<i32>(a, a, 1, 0, 3, 2)), 0);
}

/** Largest of a row. NaNs are passed over: whoever goes on with the row meets them. */
export function largest(x: Ptr, bytes: Ptr): f32 {
  let a = f32x4.splat(-Infinity), b = a, c = a, d = a; // pmax is one instruction, max is several
  let i: Ptr = 0;
  for (const body = bytes & ~63; i < body; i += 64) {
    a = f32x4.pmax(a, v128.load(x + i));
    b = f32x4.pmax(b, v128.load(x + i, 16));
    c = f32x4.pmax(c, v128.load(x + i, 32));
    d = f32x4.pmax(d, v128.load(x + i, 48));
  }
  for (; i + 16 <= bytes; i += 16) a = f32x4.pmax(a, v128.load(x + i));
  for (; i < bytes; i += 4) a = f32x4.pmax(a, v128.load_splat<u32>(x + i));
  return max4(f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d)));
}

/** Multiplies a row by a number. */
export function scaleRow(x: Ptr, bytes: Ptr, factor: f32): void {
  const f = f32x4.splat(factor);
  let i: Ptr = 0;
  for (const body = bytes & ~15; i < body; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), f));
  for (; i < bytes; i += 4) store<f32>(x + i, load<f32>(x + i) * factor);
}

/** Sum of x[i] * y[i] over `bytes` bytes of f32, in four running sums. */
// @ts-ignore: decorator
@inline export function dot(x: Ptr, y: Ptr, bytes: Ptr): f32 {
  const body = bytes & ~63;
  let a = f32x4.splat(0), b = a, c = a, d = a;
  let i: Ptr = 0;
  for (; i < body; i += 64) {
    a = madd(v128.load(x + i), v128.load(y + i), a);
    b = madd(v128.load(x + i, 16), v128.load(y + i, 16), b);
    c = madd(v128.load(x + i, 32), v128.load(y + i, 32), c);
    d = madd(v128.load(x + i, 48), v128.load(y + i, 48), d);
  }
  for (; i + 16 <= bytes; i += 16) a = madd(v128.load(x + i), v128.load(y + i), a);
  let sum = sum4(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
  for (; i < bytes; i += 4) sum += load<f32>(x + i) * load<f32>(y + i);
  return sum;
}
