// Transcendental functions on four f32 lanes. Coefficients are those of Cephes
// (Moshier, expf.c, logf.c, tanhf.c); each is within a few ulp of the true value.
// No fused multiply-add unless a function says so: the same numbers come out on every machine.

import { madd } from "./lanes";

// @ts-ignore: decorator
@inline function poly(acc: v128, x: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(acc, x), f32x4.splat(c));
}

/**
 * e^x. Write x = n*ln2 + r with |r| <= ln2/2, then e^x = 2^n * e^r.
 * Below -87.33 the answer is 0 (denormals are flushed), above 88.72 it is Infinity.
 */
// @ts-ignore: decorator
@inline export function exp4(x: v128): v128 {
  const c = f32x4.min(f32x4.max(x, f32x4.splat(-87.33654)), f32x4.splat(88.72283));
  const n = f32x4.nearest(f32x4.mul(c, f32x4.splat(1.44269504)));
  let r = f32x4.sub(c, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = poly(p, r, 1.3981999507e-3);
  p = poly(p, r, 8.3334519073e-3);
  p = poly(p, r, 4.1665795894e-2);
  p = poly(p, r, 1.6666665459e-1);
  p = poly(p, r, 5.0000001201e-1);
  p = f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), f32x4.add(r, f32x4.splat(1)));
  // 2^n in two factors, so that n = 128 does not overflow the exponent field.
  const i = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(i, 1);
  const bias = i32x4.splat(127);
  p = f32x4.mul(p, i32x4.shl(i32x4.add(half, bias), 23));
  p = f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.sub(i, half), bias), 23));
  p = v128.bitselect(f32x4.splat(Infinity), p, f32x4.gt(x, f32x4.splat(88.72283)));
  return v128.andnot(p, f32x4.lt(x, f32x4.splat(-87.33654))); // NaN passes through min, max
}

/**
 * e^x for x <= 0, as softmax and the gates need it: half the time of exp4, because nothing can
 * overflow. Below -87.33 the answer is 0. Fused where the build fuses, so the two builds may differ
 * in the last place. The sum with 1.5 * 2^23 rounds to a whole number and leaves it in the low bits,
 * from where a shift puts it into the exponent.
 */
// @ts-ignore: decorator
@inline export function expDown4(x: v128): v128 {
  const magic = f32x4.splat(12582912), one = f32x4.splat(1), low = f32x4.splat(-87.33654);
  const c = f32x4.pmax(x, low); // one instruction, unlike max; NaN stays
  const t = madd(c, f32x4.splat(1.44269504), magic);
  const n = f32x4.sub(t, magic);
  const r = madd(n, f32x4.splat(2.12194440e-4), madd(n, f32x4.splat(-0.693359375), c));
  let p = f32x4.splat(1.9875691500e-4);
  p = madd(p, r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  p = madd(p, f32x4.mul(r, r), f32x4.add(r, one));
  p = f32x4.mul(p, i32x4.add(i32x4.shl(t, 23), one)); // the bits of 1 are the exponent's bias
  return v128.andnot(p, f32x4.lt(x, low));
}

/** Natural logarithm: -Infinity at 0, NaN below. Denormals count as 0. */
// @ts-ignore: decorator
@inline export function log4(x: v128): v128 {
  const one = f32x4.splat(1);
  // x = m * 2^e with m in [sqrt(1/2), sqrt(2))
  let e = i32x4.sub(i32x4.shr_u(x, 23), i32x4.splat(126));
  let m = v128.or(v128.and(x, i32x4.splat(0x7fffff)), i32x4.splat(0x3f000000));
  const low = f32x4.lt(m, f32x4.splat(0.70710678));
  e = i32x4.add(e, low); // the mask is -1
  m = f32x4.sub(f32x4.add(m, v128.and(m, low)), one);
  let p = f32x4.splat(7.0376836292e-2);
  p = poly(p, m, -1.1514610310e-1);
  p = poly(p, m, 1.1676998740e-1);
  p = poly(p, m, -1.2420140846e-1);
  p = poly(p, m, 1.4249322787e-1);
  p = poly(p, m, -1.6668057665e-1);
  p = poly(p, m, 2.0000714765e-1);
  p = poly(p, m, -2.4999993993e-1);
  p = poly(p, m, 3.3333331174e-1);
  const z = f32x4.mul(m, m);
  const ef = f32x4.convert_i32x4_s(e);
  let y = f32x4.mul(f32x4.mul(p, m), z);
  y = f32x4.add(y, f32x4.mul(ef, f32x4.splat(-2.12194440e-4)));
  y = f32x4.sub(y, f32x4.mul(z, f32x4.splat(0.5)));
  y = f32x4.add(f32x4.add(m, y), f32x4.mul(ef, f32x4.splat(0.693359375)));
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.lt(x, f32x4.splat(1.17549435e-38)));
  y = v128.bitselect(f32x4.splat(NaN), y, f32x4.lt(x, f32x4.splat(0)));
  y = v128.bitselect(x, y, f32x4.eq(x, f32x4.splat(Infinity)));
  return v128.bitselect(x, y, f32x4.ne(x, x));
}

/** Hyperbolic tangent. */
// @ts-ignore: decorator
@inline export function tanh4(x: v128): v128 {
  const a = f32x4.abs(x);
  const sign = v128.and(x, i32x4.splat(<i32>0x80000000));
  const z = f32x4.mul(x, x);
  let p = f32x4.splat(-5.70498872745e-3);
  p = poly(p, z, 2.06390887954e-2);
  p = poly(p, z, -5.37397155531e-2);
  p = poly(p, z, 1.33314422036e-1);
  p = poly(p, z, -3.33332819422e-1);
  const small = f32x4.add(f32x4.mul(f32x4.mul(p, z), x), x);
  const e = exp4(f32x4.add(a, a));
  const big = f32x4.sub(f32x4.splat(1), f32x4.div(f32x4.splat(2), f32x4.add(e, f32x4.splat(1))));
  return v128.bitselect(small, v128.or(big, sign), f32x4.lt(a, f32x4.splat(0.625)));
}

/** 1 / (1 + e^-x), by the exponential of -|x|. */
// @ts-ignore: decorator
@inline export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = expDown4(v128.or(x, i32x4.splat(<i32>0x80000000)));
  const s = f32x4.div(one, f32x4.add(one, e));
  return v128.bitselect(f32x4.mul(e, s), s, f32x4.lt(x, f32x4.splat(0)));
}
