// The ceiling a matrix multiplication is measured against: multiply-adds on registers only.
import { madd } from "./lanes";

/**
 * `n` rounds of 12 independent four-lane multiply-adds: 96 flops a round. The factors are no
 * constants to the compiler: newer engines make a constant anew for each use, also in a loop,
 * which takes four times as long as the multiply-add itself.
 */
export function peakMadd(n: i32): f32 {
  const little: f32 = 1e-12 * <f32>n;
  return rounds(n, f32x4.splat(0.999 - little), f32x4.splat(1e-6 + little));
}

@inline function rounds(n: i32, x: v128, y: v128): f32 {
  let a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
  for (; n > 0; n--) {
    a = madd(a, x, y); b = madd(b, x, y); c = madd(c, x, y); d = madd(d, x, y);
    e = madd(e, x, y); f = madd(f, x, y); g = madd(g, x, y); h = madd(h, x, y);
    i = madd(i, x, y); j = madd(j, x, y); k = madd(k, x, y); l = madd(l, x, y);
  }
  a = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(f32x4.add(e, f), f32x4.add(g, h)));
  return f32x4.extract_lane(f32x4.add(a, f32x4.add(f32x4.add(i, j), f32x4.add(k, l))), 0);
}
