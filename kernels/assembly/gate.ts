// Activations of feed-forward layers: SiLU (Elfwing et al., 2017), SwiGLU (Shazeer, 2020) and GELU in its tanh form
// (Hendrycks and Gimpel, 2016), forward and backward. n elements of f32; in place allowed.
import { Ptr } from "./lanes";
import { sigmoid4 } from "./math";
import { siluRow } from "./sweep";

// Each kernel works on four elements at a time; the last few go through a vector, too, so
// that an element's result does not depend on where in the tensor it lies.

// @ts-ignore: decorator
@inline function load4(p: Ptr, i: Ptr, bytes: Ptr): v128 {
  if (i + 16 <= bytes) return v128.load(p + i);
  let v = v128.load32_zero(p + i);
  if (i + 4 < bytes) v = f32x4.replace_lane(v, 1, load<f32>(p + i, 4));
  if (i + 8 < bytes) v = f32x4.replace_lane(v, 2, load<f32>(p + i, 8));
  return v;
}

// @ts-ignore: decorator
@inline function store4(p: Ptr, i: Ptr, bytes: Ptr, v: v128): void {
  if (i + 16 <= bytes) {
    v128.store(p + i, v);
    return;
  }
  store<f32>(p + i, f32x4.extract_lane(v, 0));
  if (i + 4 < bytes) store<f32>(p + i, f32x4.extract_lane(v, 1), 4);
  if (i + 8 < bytes) store<f32>(p + i, f32x4.extract_lane(v, 2), 8);
}

/** y = silu(gate) * up, silu(g) = g * sigmoid(g). */
export function swiglu(gate: Ptr, up: Ptr, y: Ptr, n: i32): void {
  siluRow(gate, up, y, <Ptr>n * 4);
}

/** dgate = dy * up * s * (1 + g * (1 - s)), dup = dy * g * s, with s = sigmoid(g). */
export function swigluBackward(gate: Ptr, up: Ptr, dy: Ptr, dgate: Ptr, dup: Ptr, n: i32): void {
  const bytes = <Ptr>n * 4, one = f32x4.splat(1);
  for (let i: Ptr = 0; i < bytes; i += 16) {
    const g = load4(gate, i, bytes), u = load4(up, i, bytes), d = load4(dy, i, bytes);
    const s = sigmoid4(g);
    const slope = f32x4.mul(s, f32x4.add(one, f32x4.mul(g, f32x4.sub(one, s))));
    store4(dgate, i, bytes, f32x4.mul(f32x4.mul(d, u), slope));
    store4(dup, i, bytes, f32x4.mul(d, f32x4.mul(g, s)));
  }
}

/** y = x * sigmoid(x). */
export function silu(x: Ptr, y: Ptr, n: i32): void {
  const bytes = <Ptr>n * 4;
  for (let i: Ptr = 0; i < bytes; i += 16) {
    const v = load4(x, i, bytes);
    store4(y, i, bytes, f32x4.mul(v, sigmoid4(v)));
  }
}

/** dx = dy * s * (1 + x * (1 - s)), with s = sigmoid(x). */
export function siluBackward(x: Ptr, dy: Ptr, dx: Ptr, n: i32): void {
  const bytes = <Ptr>n * 4, one = f32x4.splat(1);
  for (let i: Ptr = 0; i < bytes; i += 16) {
    const v = load4(x, i, bytes), s = sigmoid4(v);
    const slope = f32x4.mul(s, f32x4.add(one, f32x4.mul(v, f32x4.sub(one, s))));
    store4(dx, i, bytes, f32x4.mul(load4(dy, i, bytes), slope));
  }
}

// @ts-ignore: decorator
@inline function share(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(x, x), f32x4.mul(x, f32x4.splat(0.044715)));
  return sigmoid4(f32x4.mul(f32x4.splat(1.5957691216), f32x4.add(x, cube)));
}

/** y = x / 2 * (1 + tanh(u)) = x * sigmoid(2 u), u = sqrt(2 / pi) * (x + 0.044715 x^3). */
export function gelu(x: Ptr, y: Ptr, n: i32): void {
  const bytes = <Ptr>n * 4;
  for (let i: Ptr = 0; i < bytes; i += 16) {
    const v = load4(x, i, bytes);
    store4(y, i, bytes, f32x4.mul(v, share(v)));
  }
}

/** dx = dy * (s + x * s * (1 - s) * 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 x^2)). */
export function geluBackward(x: Ptr, dy: Ptr, dx: Ptr, n: i32): void {
  const bytes = <Ptr>n * 4, one = f32x4.splat(1);
  for (let i: Ptr = 0; i < bytes; i += 16) {
    const v = load4(x, i, bytes), s = share(v);
    const inner = f32x4.mul(f32x4.splat(1.5957691216), f32x4.add(one, f32x4.mul(f32x4.splat(0.134145), f32x4.mul(v, v))));
    const slope = f32x4.mul(f32x4.mul(s, f32x4.sub(one, s)), inner);
    store4(dx, i, bytes, f32x4.mul(load4(dy, i, bytes), f32x4.add(s, f32x4.mul(v, slope))));
  }
}
