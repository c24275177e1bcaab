// Random numbers that do not depend on who draws them: Philox4x32-10 (Salmon et al.,
// "Parallel random numbers: as easy as 1, 2, 3", 2011). Element i comes from block
// (start + i) / 4 of a counter under a key, so any worker can draw any part, and the
// same numbers come out of the baseline and the relaxed build (no fused multiply-add).
import { Ptr } from "./lanes";
import { log4 } from "./math";

// One block of four words; a block is drawn by one call and read by `word`.
// @ts-ignore: decorator
@inline function philox(block: u64, seedLo: u32, seedHi: u32): v128 {
  let c0 = <u32>block, c1 = <u32>(block >> 32), c2: u32 = 0, c3: u32 = 0;
  let k0 = seedLo, k1 = seedHi;
  for (let round = 0; round < 10; round++) {
    const p0 = <u64>c0 * 0xd2511f53, p1 = <u64>c2 * 0xcd9e8d57;
    const n0 = <u32>(p1 >> 32) ^ c1 ^ k0, n2 = <u32>(p0 >> 32) ^ c3 ^ k1;
    c1 = <u32>p1;
    c3 = <u32>p0;
    c0 = n0;
    c2 = n2;
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  return i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(c0), 1, c1), 2, c2), 3, c3);
}

/** Words to [0, 1) with 24 bits. */
// @ts-ignore: decorator
@inline function unit(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), f32x4.splat(5.9604645e-8));
}

/** sin and cos of 2*pi*u for u in [0, 1): fold to an eighth of a turn, then Taylor. */
// @ts-ignore: decorator
@inline function sinTurn(u: v128): v128 {
  // sin(2 pi u): nearest quarter turn q, remainder in [-1/8, 1/8]
  const q = f32x4.nearest(f32x4.mul(u, f32x4.splat(4)));
  const r = f32x4.mul(f32x4.sub(u, f32x4.mul(q, f32x4.splat(0.25))), f32x4.splat(6.2831855));
  const z = f32x4.mul(r, r);
  let s = f32x4.splat(2.7557319e-6);
  s = f32x4.add(f32x4.mul(s, z), f32x4.splat(-1.9841270e-4));
  s = f32x4.add(f32x4.mul(s, z), f32x4.splat(8.3333333e-3));
  s = f32x4.add(f32x4.mul(s, z), f32x4.splat(-1.6666667e-1));
  s = f32x4.add(f32x4.mul(f32x4.mul(s, z), r), r);
  let c = f32x4.splat(2.4801587e-5);
  c = f32x4.add(f32x4.mul(c, z), f32x4.splat(-1.3888889e-3));
  c = f32x4.add(f32x4.mul(c, z), f32x4.splat(4.1666667e-2));
  c = f32x4.add(f32x4.mul(c, z), f32x4.splat(-0.5));
  c = f32x4.add(f32x4.mul(c, z), f32x4.splat(1));
  const quarter = i32x4.trunc_sat_f32x4_s(q);
  const useCos = i32x4.ne(v128.and(quarter, i32x4.splat(1)), i32x4.splat(0));
  const sign = i32x4.shl(v128.and(quarter, i32x4.splat(2)), 30);
  return v128.xor(v128.bitselect(c, s, useCos), sign);
}

// @ts-ignore: decorator
@inline function uniformBlock(block: u64, lo: u32, hi: u32, a: f32, b: f32): v128 {
  const scaled = f32x4.mul(unit(philox(block, lo, hi)), f32x4.splat(b - a));
  return f32x4.add(scaled, f32x4.splat(a));
}

/** Four normals from four words (Box and Muller): radii from words 0, 1, angles from 2, 3. */
// @ts-ignore: decorator
@inline function normalBlock(block: u64, lo: u32, hi: u32, mean: f32, std: f32): v128 {
  const u = unit(philox(block, lo, hi));
  const away = f32x4.sub(f32x4.splat(1), v128.shuffle<i32>(u, u, 0, 1, 0, 1)); // (0, 1]
  const radius = f32x4.sqrt(f32x4.mul(log4(away), f32x4.splat(-2)));
  const angle = v128.shuffle<i32>(u, u, 2, 3, 2, 3);
  let turn = f32x4.add(angle, f32x4(0.25, 0.25, 0, 0)); // the first two are cosines
  turn = f32x4.sub(turn, v128.and(f32x4.ge(turn, f32x4.splat(1)), f32x4.splat(1)));
  return f32x4.add(f32x4.mul(f32x4.mul(radius, sinTurn(turn)), f32x4.splat(std)), f32x4.splat(mean));
}

// @ts-ignore: decorator
@inline function intBlock(block: u64, lo: u32, hi: u32, from: i32, range: u32): v128 {
  const w = philox(block, lo, hi);
  const a = <u32>((<u64><u32>i32x4.extract_lane(w, 0) * range) >> 32);
  const b = <u32>((<u64><u32>i32x4.extract_lane(w, 1) * range) >> 32);
  const c = <u32>((<u64><u32>i32x4.extract_lane(w, 2) * range) >> 32);
  const d = <u32>((<u64><u32>i32x4.extract_lane(w, 3) * range) >> 32);
  return i32x4.add(i32x4(a, b, c, d), i32x4.splat(from));
}

// @ts-ignore: decorator
@inline function put(dst: Ptr, i: i32, n: i32, v: v128): void {
  const p = dst + <Ptr>i * 4;
  if (i + 4 <= n) { v128.store(p, v); return; }
  store<i32>(p, i32x4.extract_lane(v, 0));
  if (i + 1 < n) store<i32>(p, i32x4.extract_lane(v, 1), 4);
  if (i + 2 < n) store<i32>(p, i32x4.extract_lane(v, 2), 8);
}

/** dst (f32) uniform in [from, to). `block` is the first counter block. */
export function randomUniform(dst: Ptr, n: i32, lo: u32, hi: u32, block: u32, from: f32, to: f32): void {
  for (let i = 0; i < n; i += 4) put(dst, i, n, uniformBlock(<u64>block + <u64>(i >> 2), lo, hi, from, to));
}

/** dst (f32) normal with the given mean and standard deviation. */
export function randomNormal(dst: Ptr, n: i32, lo: u32, hi: u32, block: u32, mean: f32, std: f32): void {
  for (let i = 0; i < n; i += 4) put(dst, i, n, normalBlock(<u64>block + <u64>(i >> 2), lo, hi, mean, std));
}

/** dst (i32) uniform in from .. from + range - 1. */
export function randomInt(dst: Ptr, n: i32, lo: u32, hi: u32, block: u32, from: i32, range: u32): void {
  for (let i = 0; i < n; i += 4) put(dst, i, n, intBlock(<u64>block + <u64>(i >> 2), lo, hi, from, range));
}

/**
 * y = x / (1 - p) with probability 1 - p, else 0. Element i is kept or not by word i of the counter, so
 * the same call on the gradient is the backward pass. In place allowed.
 */
export function dropout(x: Ptr, y: Ptr, n: i32, lo: u32, hi: u32, block: u32, p: f32): void {
  const level = f32x4.splat(p), scale: f32 = p < 1 ? 1 / (1 - p) : 0, s = f32x4.splat(scale);
  for (let i = 0; i < n; i += 4) {
    const at = <Ptr>i * 4;
    const keep = f32x4.ge(unit(philox(<u64>block + <u64>(i >> 2), lo, hi)), level);
    if (i + 4 <= n) v128.store(y + at, v128.and(f32x4.mul(v128.load(x + at), s), keep));
    else {
      store<f32>(y + at, i32x4.extract_lane(keep, 0) ? load<f32>(x + at) * scale : 0);
      if (i + 1 < n) store<f32>(y + at, i32x4.extract_lane(keep, 1) ? load<f32>(x + at, 4) * scale : 0, 4);
      if (i + 2 < n) store<f32>(y + at, i32x4.extract_lane(keep, 2) ? load<f32>(x + at, 8) * scale : 0, 8);
    }
  }
}

/** Dropout of one word of a block: lane `lane` of keep. */
// @ts-ignore: decorator
@inline function dropOne(x: Ptr, y: Ptr, keep: v128, lane: i32, scale: f32): void {
  let kept = i32x4.extract_lane(keep, 0);
  if (lane == 1) kept = i32x4.extract_lane(keep, 1);
  else if (lane == 2) kept = i32x4.extract_lane(keep, 2);
  else if (lane == 3) kept = i32x4.extract_lane(keep, 3);
  store<f32>(y, kept ? load<f32>(x) * scale : 0);
}

/**
 * The same for a part of a matrix whose rows have `width` elements: row r of x is row `places[r]` of the whole, from column
 * `first` on, and its elements are kept or not as `dropout` of the whole, from block 0 on, would. In place allowed.
 * Returns 0, or 1 + the first row whose place is less than 0.
 */
export function dropoutPart(x: Ptr, places: Ptr, y: Ptr, rows: i32, cols: i32, width: i32, first: i32,
                            lo: u32, hi: u32, p: f32): i32 {
  const level = f32x4.splat(p), scale: f32 = p < 1 ? 1 / (1 - p) : 0, s = f32x4.splat(scale);
  for (let r = 0; r < rows; r++) {
    const place = load<i32>(places + <Ptr>r * 4);
    if (place < 0) return r + 1;
    const begin = <u64>place * <u64>width + <u64>first, end = begin + <u64>cols;
    let from = x + <Ptr>r * <Ptr>cols * 4, to = y + <Ptr>r * <Ptr>cols * 4;
    for (let i = begin; i < end;) {
      const keep = f32x4.ge(unit(philox(i >> 2, lo, hi)), level);
      if ((i & 3) == 0 && i + 4 <= end) {
        v128.store(to, v128.and(f32x4.mul(v128.load(from), s), keep));
        i += 4; from += 16; to += 16;
        continue;
      }
      const stop = min<u64>((i | 3) + 1, end);
      for (; i < stop; i++, from += 4, to += 4) dropOne(from, to, keep, <i32>(i & 3), scale);
    }
  }
  return 0;
}
