// Products with weights of 8 or 4 bits, in groups of 32 along k with one f32 scale each, as ggml's q8_0 and q4_0 have them.
// y = x w^T for x [m, k], w [n, k].
//
// Activations become 16-bit integers with one scale a token, products are exact integers until a group is scaled, and groups
// are added in their order. So what a token gets does not depend on how many there are.
//
// Eight rows of weights lie together, by pairs along k: [n / 8][k / 2][8][2], and their scales [n / 8][k / 32][8]. One load
// has a pair of each of four rows, which one token's pair multiplies at once: no lane is ever added to another. Four bits:
// of a group's sixteen pairs the first eight are the low halves of its bytes, the others the high halves. Where rows do not
// fill the last eight, the others are zeros.
import { Ptr, madd } from "./lanes";
import { max4 } from "./rows";

const GROUP = 32;
const ROWS = 8;    // that lie together
const BLOCK = 64;  // tokens whose integers are in the scratch
const TILE = 4;    // tokens that are computed together
const SUMS = ROWS * TILE * 4; // bytes of a tile
const MOST: f32 = 8191; // of an activation: 32 products by 127 stay exact in 32 bits

/** Bytes of private scratch for depth k. */
export function quantizedScratchBytes(k: i32): i32 {
  return BLOCK * (k * 2 + 4) + SUMS;
}

// @ts-ignore: decorator
@inline function largest(x: Ptr, n: i32): f32 {
  let top = f32x4.splat(0);
  for (let i: Ptr = 0; i < <Ptr>n * 4; i += 16) top = f32x4.max(top, f32x4.abs(v128.load(x + i)));
  return max4(top);
}

/** One group of one row, whose place among the eight is r. `w` and `scales` are where the eight begin. */
// @ts-ignore: decorator
@inline function quantizeGroup(bits: i32, x: Ptr, w: Ptr, scales: Ptr, r: i32): void {
  const most: f32 = bits == 8 ? 127 : 7;
  const scale = largest(x, GROUP) / most, inverse: f32 = scale > 0 ? 1 / scale : 0;
  store<f32>(scales + <Ptr>r * 4, scale);
  for (let i = 0; i < (bits == 8 ? GROUP : GROUP / 2); i++) {
    const at = w + <Ptr>((i >> 1) * ROWS * 2 + r * 2 + (i & 1));
    const value = nearest<f32>(load<f32>(x + <Ptr>i * 4) * inverse);
    if (bits == 8) store<i8>(at, <i8>value);
    else {
      const high = nearest<f32>(load<f32>(x + <Ptr>(i + GROUP / 2) * 4) * inverse);
      store<u8>(at, <u8>(value + 8) | (<u8>(high + 8) << 4));
    }
  }
}

// @ts-ignore: decorator
@inline function quantizeRows(bits: i32, x: Ptr, w: Ptr, scales: Ptr, rows: i32, k: i32): void {
  const bytes = <Ptr>(GROUP * bits / 8 * ROWS);
  for (let i = 0; i < rows; i += ROWS) {
    const whole = i + ROWS <= rows;
    for (let g = 0; g < k; g += GROUP, w += bytes, scales += ROWS * 4) {
      if (!whole) {
        memory.fill(w, 0, bytes);
        memory.fill(scales, 0, ROWS * 4);
      }
      for (let r = 0; r < min(ROWS, rows - i); r++) quantizeGroup(bits, x + <Ptr>((i + r) * k + g) * 4, w, scales, r);
    }
  }
}

/** w (int8) and scales from x [rows, k]: the largest of a group becomes 127. */
export function quantize8(x: Ptr, w: Ptr, scales: Ptr, rows: i32, k: i32): void {
  quantizeRows(8, x, w, scales, rows, k);
}

/** The same in 4 bits, -7 to 7 stored as 1 to 15. */
export function quantize4(x: Ptr, w: Ptr, scales: Ptr, rows: i32, k: i32): void {
  quantizeRows(4, x, w, scales, rows, k);
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

/** A pair of each of four rows as 16-bit integers: `i` is 0 for the first four, 1 for the others. `bits` and `i` are constants. */
// @ts-ignore: decorator
@inline function pair8(w: Ptr, i: i32): v128 {
  return i == 0 ? v128.load8x8_s(w) : v128.load8x8_s(w, 8);
}

/** Sixteen halves of bytes, as signed bytes. */
// @ts-ignore: decorator
@inline function halves(packed: v128, high: bool): v128 {
  return i8x16.sub(high ? i8x16.shr_u(packed, 4) : v128.and(packed, i8x16.splat(15)), i8x16.splat(8));
}

// @ts-ignore: decorator
@inline function add(sum: v128, w: v128, x: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(w, x));
}

/** Adds a group's sums to a tile's, scaled. */
// @ts-ignore: decorator
@inline function scaled(sums: Ptr, low: v128, high: v128, s: v128, t: v128): void {
  v128.store(sums, madd(f32x4.convert_i32x4_s(low), s, v128.load(sums)));
  v128.store(sums, madd(f32x4.convert_i32x4_s(high), t, v128.load(sums, 16)), 16);
}

/** Eight rows times one token. */
// @ts-ignore: decorator
@inline function oneToken(bits: i32, w: Ptr, scales: Ptr, x: Ptr, sums: Ptr, k: i32): void {
  v128.store(sums, f32x4.splat(0));
  v128.store(sums, f32x4.splat(0), 16);
  for (const end = x + <Ptr>k * 2; x < end; scales += ROWS * 4) {
    let a = i32x4.splat(0), b = a, c = a, d = a;
    const last = x + (bits == 8 ? GROUP * 2 : GROUP);
    for (; x < last; x += 8, w += 32) {
      const s = v128.load_splat<u32>(x), t = v128.load_splat<u32>(x, 4);
      if (bits == 8) {
        a = add(a, pair8(w, 0), s); b = add(b, pair8(w, 1), s);
        c = add(c, pair8(w + 16, 0), t); d = add(d, pair8(w + 16, 1), t);
      } else {
        const u = v128.load(w), v = v128.load(w, 16), q = v128.load_splat<u32>(x, 32), r = v128.load_splat<u32>(x, 36);
        let h = halves(u, false);
        a = add(a, i16x8.extend_low_i8x16_s(h), s); b = add(b, i16x8.extend_high_i8x16_s(h), s);
        h = halves(v, false);
        c = add(c, i16x8.extend_low_i8x16_s(h), t); d = add(d, i16x8.extend_high_i8x16_s(h), t);
        h = halves(u, true);
        a = add(a, i16x8.extend_low_i8x16_s(h), q); b = add(b, i16x8.extend_high_i8x16_s(h), q);
        h = halves(v, true);
        c = add(c, i16x8.extend_low_i8x16_s(h), r); d = add(d, i16x8.extend_high_i8x16_s(h), r);
      }
    }
    if (bits == 4) x += GROUP;
    scaled(sums, i32x4.add(a, c), i32x4.add(b, d), v128.load(scales), v128.load(scales, 16));
  }
}

/** Eight rows times four tokens, `token` bytes apart. */
// @ts-ignore: decorator
@inline function fourTokens(bits: i32, w: Ptr, scales: Ptr, x: Ptr, token: Ptr, sums: Ptr, k: i32): void {
  for (let i: Ptr = 0; i < <Ptr>SUMS; i += 16) v128.store(sums + i, f32x4.splat(0));
  let y = x + 2 * token;
  for (const end = x + <Ptr>k * 2; x < end; scales += ROWS * 4) {
    let a = i32x4.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    const last = x + (bits == 8 ? GROUP * 2 : GROUP);
    for (; x < last; x += 4, y += 4, w += 16) {
      let u: v128, v: v128;
      if (bits == 8) {
        u = pair8(w, 0); v = pair8(w, 1);
      } else {
        const q = halves(v128.load(w), true);
        u = i16x8.extend_low_i8x16_s(q); v = i16x8.extend_high_i8x16_s(q);
        let t = v128.load_splat<u32>(x, 32);
        a = add(a, u, t); b = add(b, v, t);
        t = v128.load_splat<u32>(x + token, 32);
        c = add(c, u, t); d = add(d, v, t);
        t = v128.load_splat<u32>(y, 32);
        e = add(e, u, t); f = add(f, v, t);
        t = v128.load_splat<u32>(y + token, 32);
        g = add(g, u, t); h = add(h, v, t);
        const p = halves(v128.load(w), false);
        u = i16x8.extend_low_i8x16_s(p); v = i16x8.extend_high_i8x16_s(p);
      }
      let t = v128.load_splat<u32>(x);
      a = add(a, u, t); b = add(b, v, t);
      t = v128.load_splat<u32>(x + token);
      c = add(c, u, t); d = add(d, v, t);
      t = v128.load_splat<u32>(y);
      e = add(e, u, t); f = add(f, v, t);
      t = v128.load_splat<u32>(y + token);
      g = add(g, u, t); h = add(h, v, t);
    }
    if (bits == 4) { x += GROUP; y += GROUP; }
    const s = v128.load(scales), t = v128.load(scales, 16);
    scaled(sums, a, b, s, t);
    scaled(sums + 32, c, d, s, t);
    scaled(sums + 64, e, f, s, t);
    scaled(sums + 96, g, h, s, t);
  }
}

/** Eight numbers of one token to where they belong, as many of them as there are rows. */
// @ts-ignore: decorator
@inline function put(sums: Ptr, factor: f32, y: Ptr, rows: i32): void {
  const by = f32x4.splat(factor), low = f32x4.mul(by, v128.load(sums)), high = f32x4.mul(by, v128.load(sums, 16));
  if (rows >= ROWS) {
    v128.store(y, low);
    v128.store(y, high, 16);
    return;
  }
  v128.store(sums, low);
  v128.store(sums, high, 16);
  memory.copy(y, sums, <Ptr>rows * 4);
}

/** All rows times at most BLOCK tokens. */
// @ts-ignore: decorator
@inline function block(bits: i32, x: Ptr, w: Ptr, scales: Ptr, y: Ptr, m: i32, n: i32, k: i32, ldy: i32, scratch: Ptr): void {
  const token = <Ptr>k * 2, factors = scratch + <Ptr>BLOCK * token, sums = factors + BLOCK * 4;
  for (let t = 0; t < m; t++) {
    store<f32>(factors + <Ptr>t * 4, quantizeToken(x + <Ptr>t * <Ptr>k * 4, scratch + <Ptr>t * token, k));
  }
  memory.fill(scratch + <Ptr>m * token, 0, <Ptr>(-m & (TILE - 1)) * token); // tokens that fill the last tile
  for (let j = 0; j < n; j += ROWS, w += <Ptr>(ROWS * k * bits / 8), scales += <Ptr>(ROWS * k / GROUP * 4)) {
    for (let t = 0; t < m; t += TILE) {
      const from = scratch + <Ptr>t * token, tokens = min(TILE, m - t);
      if (tokens == 1) oneToken(bits, w, scales, from, sums, k);
      else fourTokens(bits, w, scales, from, token, sums, k);
      for (let i = 0; i < tokens; i++) {
        put(sums + <Ptr>i * ROWS * 4, load<f32>(factors + <Ptr>(t + i) * 4), y + <Ptr>((t + i) * ldy + j) * 4, n - j);
      }
    }
  }
}

/** y [m, ldy] = x [m, k] w [n, k]^T with int8 weights. k is a multiple of 32. */
export function matmul8(x: Ptr, w: Ptr, scales: Ptr, y: Ptr, m: i32, n: i32, k: i32, ldy: i32, scratch: Ptr): void {
  for (; m > 0; m -= BLOCK, x += <Ptr>BLOCK * <Ptr>k * 4, y += <Ptr>BLOCK * <Ptr>ldy * 4) {
    block(8, x, w, scales, y, min(m, BLOCK), n, k, ldy, scratch);
  }
}

/** The same with int4 weights. */
export function matmul4(x: Ptr, w: Ptr, scales: Ptr, y: Ptr, m: i32, n: i32, k: i32, ldy: i32, scratch: Ptr): void {
  for (; m > 0; m -= BLOCK, x += <Ptr>BLOCK * <Ptr>k * 4, y += <Ptr>BLOCK * <Ptr>ldy * 4) {
    block(4, x, w, scales, y, min(m, BLOCK), n, k, ldy, scratch);
  }
}
