// C[M,N] (+)= A[M,K] * B[K,N] in f32, either operand read through any strides.
//
// The scheme of Goto and van de Geijn ("Anatomy of high-performance matrix
// multiplication", 2008): cut K into KC slabs and M into MC slabs, copy each slab into
// panels that the microkernel reads straight through, compute C in 4x8 tiles whose
// eight accumulators live in registers. Transposition costs nothing more than another
// way of packing.
import { Ptr, madd } from "./lanes";

const MR = 4;      // tile rows
const NR = 8;      // tile columns (two v128)
const KC = 256;    // depth of a slab: one B panel (KC x NR) is 8 KB, fits L1
const MC = 96;     // rows of a packed A block: MC x KC is 96 KB, fits L2
const NC = 1024;   // columns of a packed B block: KC x NC is 1 MB

const EDGE_BYTES: Ptr = MR * NR * 4;
const PACK_A_BYTES: Ptr = MC * KC * 4;
const PACK_B_BYTES: Ptr = KC * NC * 4;

/** Bytes of private scratch each thread must give to `gemm`. */
export function gemmScratchBytes(): i32 {
  return <i32>(EDGE_BYTES + PACK_A_BYTES + PACK_B_BYTES);
}

/**
 * Four rows of `n` floats, `step` bytes apart, as n columns of four, `to` bytes apart: four at a time in registers,
 * where single floats would take as many loads and stores as there are elements.
 */
// @ts-ignore: decorator
@inline function turn(p: Ptr, step: Ptr, n: i32, dst: Ptr, to: Ptr): void {
  const q = p + step, r = q + step, s = r + step;
  let k = 0, at: Ptr = 0;
  for (; k + 4 <= n; k += 4, at += 16, dst += 4 * to) {
    const a = v128.load(p + at), b = v128.load(q + at), c = v128.load(r + at), d = v128.load(s + at);
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const AB = v128.shuffle<i32>(a, b, 2, 6, 3, 7), CD = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(dst, v128.shuffle<i64>(ab, cd, 0, 2));
    v128.store(dst + to, v128.shuffle<i64>(ab, cd, 1, 3));
    v128.store(dst + 2 * to, v128.shuffle<i64>(AB, CD, 0, 2));
    v128.store(dst + 3 * to, v128.shuffle<i64>(AB, CD, 1, 3));
  }
  for (; k < n; k++, at += 4, dst += to) {
    store<f32>(dst, load<f32>(p + at));
    store<f32>(dst, load<f32>(q + at), 4);
    store<f32>(dst, load<f32>(r + at), 8);
    store<f32>(dst, load<f32>(s + at), 12);
  }
}

/** `rows` x `kc` of A into 4-row panels, k-major; missing rows become 0. Strides in bytes. */
function packA(a: Ptr, rowStep: Ptr, colStep: Ptr, rows: i32, kc: i32, dst: Ptr): void {
  for (let i = 0; i < rows; i += MR) {
    let p = a + <Ptr>i * rowStep;
    const r1 = i + 1 < rows ? rowStep : 0;
    const r2 = i + 2 < rows ? rowStep * 2 : 0;
    const r3 = i + 3 < rows ? rowStep * 3 : 0;
    if (rowStep == 4 && r3) { // A transposed: the four rows are neighbours
      for (let k = 0; k < kc; k++, p += colStep, dst += MR * 4) v128.store(dst, v128.load(p));
      continue;
    }
    if (colStep == 4 && r3) {
      turn(p, rowStep, kc, dst, MR * 4);
      dst += <Ptr>kc * MR * 4;
      continue;
    }
    for (let k = 0; k < kc; k++, p += colStep, dst += MR * 4) {
      store<f32>(dst, load<f32>(p));
      store<f32>(dst, r1 ? load<f32>(p + r1) : 0, 4);
      store<f32>(dst, r2 ? load<f32>(p + r2) : 0, 8);
      store<f32>(dst, r3 ? load<f32>(p + r3) : 0, 12);
    }
  }
}

/** `kc` x `cols` of B into 8-column panels; missing columns become 0. Strides in bytes. */
function packB(b: Ptr, rowStep: Ptr, colStep: Ptr, kc: i32, cols: i32, dst: Ptr): void {
  for (let j = 0; j < cols; j += NR) {
    let p = b + <Ptr>j * colStep;
    const width = min(NR, cols - j);
    if (width == NR && colStep == 4) {
      for (let k = 0; k < kc; k++, p += rowStep, dst += NR * 4) {
        v128.store(dst, v128.load(p));
        v128.store(dst, v128.load(p, 16), 16);
      }
      continue;
    }
    if (width == NR && rowStep == 4) { // B transposed: its columns are rows in memory
      turn(p, colStep, kc, dst, NR * 4);
      turn(p + 4 * colStep, colStep, kc, dst + 16, NR * 4);
      dst += <Ptr>kc * NR * 4;
      continue;
    }
    for (let c = 0; c < NR; c++) { // column by column
      let q = p + <Ptr>c * colStep, d = dst + <Ptr>c * 4;
      for (let k = 0; k < kc; k++, q += rowStep, d += NR * 4) store<f32>(d, c < width ? load<f32>(q) : 0);
    }
    dst += <Ptr>kc * NR * 4;
  }
}

// @ts-ignore: decorator
@inline function put(c: Ptr, lo: v128, hi: v128, add: bool): void {
  if (add) {
    lo = f32x4.add(v128.load(c), lo);
    hi = f32x4.add(v128.load(c, 16), hi);
  }
  v128.store(c, lo);
  v128.store(c, hi, 16);
}

/** One 4x8 tile: `kc` rank-1 updates held entirely in registers. */
function tile4x8(a: Ptr, b: Ptr, c: Ptr, kc: i32, rowStep: Ptr, add: bool): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  do {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let ai = v128.load_splat<u32>(a);
    c00 = madd(ai, b0, c00);
    c01 = madd(ai, b1, c01);
    ai = v128.load_splat<u32>(a, 4);
    c10 = madd(ai, b0, c10);
    c11 = madd(ai, b1, c11);
    ai = v128.load_splat<u32>(a, 8);
    c20 = madd(ai, b0, c20);
    c21 = madd(ai, b1, c21);
    ai = v128.load_splat<u32>(a, 12);
    c30 = madd(ai, b0, c30);
    c31 = madd(ai, b1, c31);
    a += MR * 4;
    b += NR * 4;
  } while (--kc > 0);
  put(c, c00, c01, add); c += rowStep;
  put(c, c10, c11, add); c += rowStep;
  put(c, c20, c21, add); c += rowStep;
  put(c, c30, c31, add);
}

/** Tile on the right or bottom edge: compute in scratch, copy the valid part. */
function edgeTile(a: Ptr, b: Ptr, c: Ptr, kc: i32, rowStep: Ptr, add: bool,
                  rows: i32, cols: i32, tmp: Ptr): void {
  tile4x8(a, b, tmp, kc, NR * 4, false);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) {
    const dst = c + <Ptr>i * rowStep + <Ptr>j * 4;
    const v = load<f32>(tmp + <Ptr>(i * NR + j) * 4);
    store<f32>(dst, add ? load<f32>(dst) + v : v);
  }
}

/** All tiles of one packed A block times one packed B block. */
function block(pa: Ptr, pb: Ptr, c: Ptr, mc: i32, nc: i32, kc: i32, rowStep: Ptr, add: bool, tmp: Ptr): void {
  const aPanel = <Ptr>(kc * MR * 4), bPanel = <Ptr>(kc * NR * 4);
  for (let j = 0; j < nc; j += NR, pb += bPanel) {
    let a = pa, ct = c + <Ptr>j * 4;
    for (let i = 0; i < mc; i += MR, a += aPanel, ct += rowStep * MR) {
      if (i + MR <= mc && j + NR <= nc) tile4x8(a, pb, ct, kc, rowStep, add);
      else edgeTile(a, pb, ct, kc, rowStep, add, min(MR, mc - i), min(NR, nc - j), tmp);
    }
  }
}

/**
 * C = A * B, or C += A * B when `accumulate`. Strides in floats: element (i, k) of A is at
 * a + 4 * (i * ars + k * acs), (k, j) of B at b + 4 * (k * brs + j * bcs); C's rows are
 * `ldc` apart and contiguous. With K = 0, C becomes 0 (or stays, when accumulating).
 */
export function gemm(a: Ptr, b: Ptr, c: Ptr, m: i32, n: i32, k: i32, ars: i32, acs: i32,
                     brs: i32, bcs: i32, ldc: i32, accumulate: i32, scratch: Ptr): void {
  if (k == 0 && !accumulate) {
    for (let i = 0; i < m; i++) memory.fill(c + <Ptr>(i * ldc) * 4, 0, <Ptr>n * 4);
    return;
  }
  const tmp = scratch, pa = tmp + EDGE_BYTES, pb = pa + PACK_A_BYTES;
  const aRow = <Ptr>ars * 4, aCol = <Ptr>acs * 4, bRow = <Ptr>brs * 4, bCol = <Ptr>bcs * 4;
  for (let j = 0; j < n; j += NC) {
    const nc = min(NC, n - j);
    for (let p = 0; p < k; p += KC) {
      const kc = min(KC, k - p);
      packB(b + <Ptr>p * bRow + <Ptr>j * bCol, bRow, bCol, kc, nc, pb);
      for (let i = 0; i < m; i += MC) {
        const mc = min(MC, m - i);
        packA(a + <Ptr>i * aRow + <Ptr>p * aCol, aRow, aCol, mc, kc, pa);
        block(pa, pb, c + <Ptr>(i * ldc + j) * 4, mc, nc, kc, <Ptr>ldc * 4, accumulate != 0 || p > 0, tmp);
      }
    }
  }
}
