// Products with weights of 8 or 4 bits, in groups of 32 along k with one f32 scale each (the
// layout of ggml's q8_0 and q4_0, with the scales apart). y = x w^T for x [m, k], w [n, k].
//
// A few tokens: activations become 16-bit integers with one scale a token, products are exact
// integers until a group is scaled; the weights are read once. Many tokens: weights become f32 by
// blocks that stay in the cache, and the f32 product does the rest.
import { Ptr, madd } from "./lanes";
import { gemm, gemmScratchBytes } from "./gemm";
import { max4, sum4 } from "./rows";

const GROUP = 32;
const FEW = 16; // tokens
const MOST: f32 = 8191; // of an activation: eight products by 127 stay exact in f32
const ROWS = 64;
const DEPTH = 512;

/** Bytes of private scratch for depth k. */
export function quantizedScratchBytes(k: i32): i32 {
  return gemmScratchBytes() + ROWS * DEPTH * 4 + FEW * (k * 2 + 4);
}

// @ts-ignore: decorator
@inline function largest(x: Ptr, n: i32): f32 {
  let top = f32x4.splat(0);
  for (let i: Ptr = 0; i < <Ptr>n * 4; i += 16) top = f32x4.max(top, f32x4.abs(v128.load(x + i)));
  return max4(top);
}

/** w (int8) and scales from x [rows, k]: the largest of a group becomes 127. */
export function quantize8(x: Ptr, w: Ptr, scales: Ptr, rows: i32, k: i32): void {
  for (let left = rows * (k / GROUP); left > 0; left--, x += GROUP * 4, w += GROUP, scales += 4) {
    const scale = largest(x, GROUP) / 127, inverse: f32 = scale > 0 ? 1 / scale : 0;
    store<f32>(scales, scale);
    for (let i: Ptr = 0; i < <Ptr>GROUP; i++) store<i8>(w + i, <i8>nearest<f32>(load<f32>(x + i * 4) * inverse));
  }
}

/** The same in 4 bits, -7 to 7 stored as 1 to 15: element i in the low half of byte i, element i + 16 in the high half. */
export function quantize4(x: Ptr, w: Ptr, scales: Ptr, rows: i32, k: i32): void {
  for (let left = rows * (k / GROUP); left > 0; left--, x += GROUP * 4, w += GROUP / 2, scales += 4) {
    const scale = largest(x, GROUP) / 7, inverse: f32 = scale > 0 ? 1 / scale : 0;
    store<f32>(scales, scale);
    for (let i: Ptr = 0; i < <Ptr>GROUP / 2; i++) {
      const low = <u8>(nearest<f32>(load<f32>(x + i * 4) * inverse) + 8);
      const high = <u8>(nearest<f32>(load<f32>(x + (i + 16) * 4) * inverse) + 8);
      store<u8>(w + i, low | (high << 4));
    }
  }
}

/** One token's activations as 16-bit integers. Returns their scale. */
function quantizeToken(x: Ptr, to: Ptr, k: i32): f32 {
  const top = largest(x, k), inverse = f32x4.splat(top > 0 ? MOST / top : 0);
  for (let i: Ptr = 0; i < <Ptr>k; i += 8) {
    const a = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x + i * 4), inverse)));
    const b = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x + i * 4, 16), inverse)));
    v128.store(to + i * 2, i16x8.narrow_i32x4_s(a, b));
  }
  return top / MOST;
}

// 32 weights as four vectors of 16-bit integers, in the order of the activations.
// @ts-ignore: decorator
@inline function dot8(w: Ptr, x: Ptr): v128 {
  const low = i32x4.add(i32x4.dot_i16x8_s(v128.load8x8_s(w), v128.load(x)),
                        i32x4.dot_i16x8_s(v128.load8x8_s(w, 8), v128.load(x, 16)));
  const high = i32x4.add(i32x4.dot_i16x8_s(v128.load8x8_s(w, 16), v128.load(x, 32)),
                         i32x4.dot_i16x8_s(v128.load8x8_s(w, 24), v128.load(x, 48)));
  return i32x4.add(low, high);
}

// @ts-ignore: decorator
@inline function dot4(w: Ptr, x: Ptr): v128 {
  const bits = v128.load(w), eight = i8x16.splat(8);
  const a = i8x16.sub(v128.and(bits, i8x16.splat(15)), eight), b = i8x16.sub(i8x16.shr_u(bits, 4), eight);
  const low = i32x4.add(i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(a), v128.load(x)),
                        i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(a), v128.load(x, 16)));
  const high = i32x4.add(i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(b), v128.load(x, 32)),
                         i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(b), v128.load(x, 48)));
  return i32x4.add(low, high);
}

/** One group of weights times one group of activations. `bits` is a constant at every call. */
// @ts-ignore: decorator
@inline function dotGroup(bits: i32, w: Ptr, x: Ptr): v128 {
  return f32x4.convert_i32x4_s(bits == 8 ? dot8(w, x) : dot4(w, x));
}

/**
 * Two rows of weights times one token, which is loaded once for both. The second row lies `half` rows
 * after the first: memory is then read as two long streams, which the processor foresees, where
 * neighbouring rows would be one stream with a jump after every row.
 */
// @ts-ignore: decorator
@inline function twoRows(bits: i32, w: Ptr, scales: Ptr, x: Ptr, y: Ptr, half: i32, k: i32, xScale: f32): void {
  const step = <Ptr>(GROUP * bits / 8), end = x + <Ptr>k * 2;
  let w1 = w + <Ptr>(half * (k * bits / 8)), g1 = scales + <Ptr>(half * (k / GROUP)) * 4;
  let a = f32x4.splat(0), b = a;
  do {
    a = madd(dotGroup(bits, w, x), v128.load_splat<u32>(scales), a);
    b = madd(dotGroup(bits, w1, x), v128.load_splat<u32>(g1), b);
    w += step; w1 += step; scales += 4; g1 += 4; x += GROUP * 2;
  } while (x < end);
  store<f32>(y, xScale * sum4(a));
  store<f32>(y + <Ptr>half * 4, xScale * sum4(b));
}

/** The last row where their number is odd. */
// @ts-ignore: decorator
@inline function oneRow(bits: i32, w: Ptr, scales: Ptr, x: Ptr, y: Ptr, k: i32, xScale: f32): void {
  const step = <Ptr>(GROUP * bits / 8), end = x + <Ptr>k * 2;
  let a = f32x4.splat(0);
  do {
    a = madd(dotGroup(bits, w, x), v128.load_splat<u32>(scales), a);
    w += step; scales += 4; x += GROUP * 2;
  } while (x < end);
  store<f32>(y, xScale * sum4(a));
}

// @ts-ignore: decorator
@inline function fewTokens(bits: i32, x: Ptr, w: Ptr, scales: Ptr, y: Ptr, m: i32, n: i32, k: i32, ldy: i32, scratch: Ptr): void {
  const row = <Ptr>(k * bits / 8), scaleRow = <Ptr>(k / GROUP) * 4, token = <Ptr>k * 2;
  const factors = scratch + <Ptr>m * token;
  for (let t = 0; t < m; t++) {
    store<f32>(factors + <Ptr>t * 4, quantizeToken(x + <Ptr>t * <Ptr>k * 4, scratch + <Ptr>t * token, k));
  }
  const half = n / 2;
  for (let j = 0; j < half; j++, w += row, scales += scaleRow) {
    for (let t = 0; t < m; t++) {
      twoRows(bits, w, scales, scratch + <Ptr>t * token, y + <Ptr>(t * ldy + j) * 4, half, k, load<f32>(factors + <Ptr>t * 4));
    }
  }
  if (n % 2 == 0) return;
  w += <Ptr>half * row; scales += <Ptr>half * scaleRow;
  for (let t = 0; t < m; t++) {
    oneRow(bits, w, scales, scratch + <Ptr>t * token, y + <Ptr>(t * ldy + n - 1) * 4, k, load<f32>(factors + <Ptr>t * 4));
  }
}

/** Rows of weights as f32: `width` columns from column `at`, a multiple of the group. */
// @ts-ignore: decorator
@inline function widen(bits: i32, w: Ptr, scales: Ptr, to: Ptr, rows: i32, k: i32, at: i32, width: i32): void {
  for (let r = 0; r < rows; r++) {
    let from = w + <Ptr>((r * k + at) * bits / 8), scale = scales + <Ptr>((r * k + at) / GROUP) * 4;
    for (let g = 0; g < width; g += GROUP, scale += 4) {
      const s = v128.load_splat<u32>(scale);
      if (bits == 8) {
        for (let i: Ptr = 0; i < <Ptr>GROUP; i += 4, to += 16) {
          const wide = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(from + i)));
          v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(wide), s));
        }
        from += GROUP;
      } else {
        for (let i: Ptr = 0; i < <Ptr>GROUP / 2; i += 4, to += 16) {
          const b = v128.load32_zero(from + i), eight = i8x16.splat(8);
          const low = i8x16.sub(v128.and(b, i8x16.splat(15)), eight), high = i8x16.sub(i8x16.shr_u(b, 4), eight);
          v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(low))), s));
          v128.store(to + 64, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(high))), s));
        }
        from += GROUP / 2;
        to += 64;
      }
    }
  }
}

// @ts-ignore: decorator
@inline function manyTokens(bits: i32, x: Ptr, w: Ptr, scales: Ptr, y: Ptr, m: i32, n: i32, k: i32, ldy: i32, scratch: Ptr): void {
  const block = scratch + <Ptr>gemmScratchBytes();
  for (let j = 0; j < n; j += ROWS) {
    const rows = min(ROWS, n - j);
    for (let p = 0; p < k; p += DEPTH) {
      const depth = min(DEPTH, k - p);
      widen(bits, w + <Ptr>(j * (k * bits / 8)), scales + <Ptr>(j * (k / GROUP)) * 4, block, rows, k, p, depth);
      gemm(x + <Ptr>p * 4, block, y + <Ptr>j * 4, m, rows, depth, k, 1, 1, depth, ldy, p > 0 ? 1 : 0, scratch);
    }
  }
}

/** y [m, ldy] = x [m, k] w [n, k]^T with int8 weights. k is a multiple of 32. */
export function matmul8(x: Ptr, w: Ptr, scales: Ptr, y: Ptr, m: i32, n: i32, k: i32, ldy: i32, scratch: Ptr): void {
  if (m <= FEW) fewTokens(8, x, w, scales, y, m, n, k, ldy, scratch);
  else manyTokens(8, x, w, scales, y, m, n, k, ldy, scratch);
}

/** The same with int4 weights. */
export function matmul4(x: Ptr, w: Ptr, scales: Ptr, y: Ptr, m: i32, n: i32, k: i32, ldy: i32, scratch: Ptr): void {
  if (m <= FEW) fewTokens(4, x, w, scales, y, m, n, k, ldy, scratch);
  else manyTokens(4, x, w, scales, y, m, n, k, ldy, scratch);
}
