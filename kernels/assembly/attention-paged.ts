// Attention over keys and values in pages (Kwon et al., "PagedAttention", 2023), which are f32, bf16 or signed bytes with one
// f32 scale for each token and key head, and are read as they are. table[s, :] names the pages of sequence s; k and v are
// [pages, page, kvHeads, dim].
//
// What a query gets depends on its own keys alone: each sum has one order, however long pages are and however many
// queries stand in its tile. So a token alone, in a batch or in a chunk of a prompt is the same number to the last bit.
import { BF16, Ptr, load4, madd } from "./lanes";
import { KEYS, MOST_DIM, QUERIES, ROWS, SCORES, SUMS, beginTile, endTile, softmaxRow, start } from "./attention";
import { gemm, gemmScratchBytes } from "./gemm";
import { scaleRow } from "./rows";

const PAGE = KEYS * MOST_DIM * 4; // bytes of a tile's keys in f32
const NUMBERS = KEYS * 4; // one for each key of a tile

/** Queries for which widening a tile's keys costs more than it saves: each is read where it lies. */
const FEW = 3;

/** Bytes of private scratch each thread must give to `attentionPaged`. */
export function attentionPagedScratchBytes(): i32 {
  return gemmScratchBytes() + SCORES + 2 * (ROWS + PAGE) + SUMS + 4 * NUMBERS;
}

/** Four elements as f32 lanes; i8 means signed bytes. */
// @ts-ignore: decorator
@inline function wide4<T>(p: Ptr): v128 {
  if (sizeof<T>() > 1) return load4<T>(p);
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(p))));
}

// @ts-ignore: decorator
@inline function wide1<T>(p: Ptr): f32 {
  if (sizeof<T>() == 4) return load<f32>(p);
  if (sizeof<T>() == 2) return reinterpret<f32>(<u32>load<u16>(p) << 16);
  return <f32>load<i8>(p);
}

/** The sum of each of four vectors, with the order of sum4. */
// @ts-ignore: decorator
@inline function sums4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const AB = v128.shuffle<i32>(a, b, 2, 6, 3, 7), CD = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  const first = f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
  return f32x4.add(first, f32x4.add(v128.shuffle<i64>(AB, CD, 0, 2), v128.shuffle<i64>(AB, CD, 1, 3)));
}

/** Adds to a score the columns that vectors leave over. */
function rest<T>(score: Ptr, q: Ptr, k: Ptr, from: i32, dim: i32): void {
  let sum = load<f32>(score);
  for (let c = from; c < dim; c++) sum += load<f32>(q + <Ptr>c * 4) * wide1<T>(k + <Ptr>c * sizeof<T>());
  store<f32>(score, sum);
}

/** scores [rows, width] = q k^T, where key t lies at k + places[t]. */
function dots<T>(q: Ptr, k: Ptr, places: Ptr, scores: Ptr, rows: i32, width: i32, dim: i32, qToken: i32): void {
  const step = <Ptr>qToken * 4, line = <Ptr>width * 4, body = dim & ~3;
  let r = 0;
  for (; r + 4 <= rows; r += 4, q += 4 * step, scores += 4 * line) { // four queries and two keys
    const q1 = q + step, q2 = q1 + step, q3 = q2 + step;
    for (let t = 0; t < width; t += 2) {
      const m = k + load<u32>(places + <Ptr>t * 4), n = k + load<u32>(places + <Ptr>min(t + 1, width - 1) * 4);
      let m0 = f32x4.splat(0), m1 = m0, m2 = m0, m3 = m0, n0 = m0, n1 = m0, n2 = m0, n3 = m0;
      for (let c: Ptr = 0; c < <Ptr>body; c += 4) {
        const x = wide4<T>(m + c * sizeof<T>()), y = wide4<T>(n + c * sizeof<T>());
        let a = v128.load(q + c * 4);
        m0 = madd(a, x, m0); n0 = madd(a, y, n0);
        a = v128.load(q1 + c * 4);
        m1 = madd(a, x, m1); n1 = madd(a, y, n1);
        a = v128.load(q2 + c * 4);
        m2 = madd(a, x, m2); n2 = madd(a, y, n2);
        a = v128.load(q3 + c * 4);
        m3 = madd(a, x, m3); n3 = madd(a, y, n3);
      }
      column<T>(scores + <Ptr>t * 4, line, sums4(m0, m1, m2, m3), q, step, m, body, dim);
      if (t + 1 < width) column<T>(scores + <Ptr>t * 4 + 4, line, sums4(n0, n1, n2, n3), q, step, n, body, dim);
    }
  }
  for (; r < rows; r++, q += step, scores += line) { // one query and four keys
    for (let t = 0; t < width; t += 4) {
      const last = width - 1, p = places + <Ptr>t * 4;
      const m = k + load<u32>(p), n = k + load<u32>(places + <Ptr>min(t + 1, last) * 4);
      const u = k + load<u32>(places + <Ptr>min(t + 2, last) * 4), w = k + load<u32>(places + <Ptr>min(t + 3, last) * 4);
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
      for (let c: Ptr = 0; c < <Ptr>body; c += 4) {
        const a = v128.load(q + c * 4), at = c * sizeof<T>();
        a0 = madd(a, wide4<T>(m + at), a0); a1 = madd(a, wide4<T>(n + at), a1);
        a2 = madd(a, wide4<T>(u + at), a2); a3 = madd(a, wide4<T>(w + at), a3);
      }
      v128.store(scores + <Ptr>t * 4, sums4(a0, a1, a2, a3)); // what lies beyond the row is written later, or not read
      if (body == dim) continue;
      for (let i = t; i < min(t + 4, width); i++) rest<T>(scores + <Ptr>i * 4, q, k + load<u32>(places + <Ptr>i * 4), body, dim);
    }
  }
}

/** Four scores of one key, a row of scores apart. */
// @ts-ignore: decorator
@inline function column<T>(to: Ptr, line: Ptr, scores: v128, q: Ptr, step: Ptr, k: Ptr, body: i32, dim: i32): void {
  v128.store_lane<f32>(to, scores, 0);
  v128.store_lane<f32>(to + line, scores, 1);
  v128.store_lane<f32>(to + 2 * line, scores, 2);
  v128.store_lane<f32>(to + 3 * line, scores, 3);
  if (body < dim) for (let i: Ptr = 0; i < 4; i++) rest<T>(to + i * line, q + i * step, k, body, dim);
}

/** sums [rows, dim] += scores [rows, width] v for a few queries, in the order of `gemm`. */
function fewSums<T>(scores: Ptr, v: Ptr, places: Ptr, sums: Ptr, rows: i32, width: i32, dim: i32): void {
  const line = <Ptr>width * 4;
  for (let r = 0; r < rows; r++, scores += line, sums += <Ptr>dim * 4) {
    let c: Ptr = 0;
    for (; c + 16 <= <Ptr>dim; c += 16) { // sixteen columns stay in registers while all values pass
      let a = f32x4.splat(0), b = a, d = a, e = a;
      for (let t: Ptr = 0; t < line; t += 4) {
        const p = v128.load_splat<u32>(scores + t), value = v + load<u32>(places + t) + c * sizeof<T>();
        a = madd(p, wide4<T>(value), a); b = madd(p, wide4<T>(value + 4 * sizeof<T>()), b);
        d = madd(p, wide4<T>(value + 8 * sizeof<T>()), d); e = madd(p, wide4<T>(value + 12 * sizeof<T>()), e);
      }
      add(sums + c * 4, a); add(sums + c * 4 + 16, b); add(sums + c * 4 + 32, d); add(sums + c * 4 + 48, e);
    }
    for (; c < <Ptr>dim; c++) {
      let a = f32x4.splat(0);
      for (let t: Ptr = 0; t < line; t += 4) {
        a = madd(v128.load_splat<u32>(scores + t), f32x4.splat(wide1<T>(v + load<u32>(places + t) + c * sizeof<T>())), a);
      }
      store<f32>(sums + c * 4, load<f32>(sums + c * 4) + f32x4.extract_lane(a, 0));
    }
  }
}

// @ts-ignore: decorator
@inline function add(to: Ptr, x: v128): void { v128.store(to, f32x4.add(v128.load(to), x)); }

/** to [width, dim] = the f32 of what lies at from + places[t]. */
function widen<T>(from: Ptr, places: Ptr, to: Ptr, width: i32, dim: i32): void {
  const body = dim & ~3;
  for (let t = 0; t < width; t++) {
    let p = from + load<u32>(places + <Ptr>t * 4);
    let c = 0;
    for (; c < body; c += 4, p += 4 * sizeof<T>(), to += 16) v128.store(to, wide4<T>(p));
    for (; c < dim; c++, p += sizeof<T>(), to += 4) store<f32>(to, wide1<T>(p));
  }
}

/** Rows of scores, each times a number for each key. */
function scaleColumns(scores: Ptr, factors: Ptr, rows: i32, width: i32): void {
  const line = <Ptr>width * 4, body = line & ~15;
  for (let r = 0; r < rows; r++, scores += line) {
    let i: Ptr = 0;
    for (; i < body; i += 16) v128.store(scores + i, f32x4.mul(v128.load(scores + i), v128.load(factors + i)));
    for (; i < line; i += 4) store<f32>(scores + i, load<f32>(scores + i) * load<f32>(factors + i));
  }
}

/** One tile of queries of one head against all its keys. Scales are `sToken` apart from token to token. */
function tile<T>(q: Ptr, k: Ptr, v: Ptr, kScales: Ptr, vScales: Ptr, o: Ptr, lse: Ptr,
                 rows: i32, keys: i32, ahead: i32, dim: i32, qToken: i32, kToken: i32, sToken: i32, oToken: i32,
                 causal: i32, scale: f32, table: Ptr, page: i32, scratch: Ptr): void {
  const scores = scratch + <Ptr>gemmScratchBytes(), tops = scores + SCORES, totals = tops + ROWS, sums = totals + ROWS;
  const tileK = sums + SUMS, tileV = tileK + PAGE, places = tileV + PAGE, straight = places + NUMBERS;
  const kFactors = straight + NUMBERS, vFactors = kFactors + NUMBERS;
  const few = rows <= FEW;
  for (let t = 0; t < KEYS; t++) store<u32>(straight + <Ptr>t * 4, t * dim * 4);
  beginTile(tops, totals, sums, rows, dim);
  const last = causal ? min(keys, ahead + rows) : keys;
  let at = 0, block = 0; // place in a page, and which of the table's
  for (let j = 0; j < last; j += KEYS) {
    const width = min(KEYS, last - j);
    for (let t: Ptr = 0; t < <Ptr>width * 4; t += 4) {
      const token = <Ptr>load<i32>(table + <Ptr>block * 4) * <Ptr>page + <Ptr>at;
      store<u32>(places + t, <u32>(token * <Ptr>kToken * sizeof<T>()));
      if (sizeof<T>() == 1) {
        store<f32>(kFactors + t, load<f32>(kScales + token * <Ptr>sToken * 4));
        store<f32>(vFactors + t, load<f32>(vScales + token * <Ptr>sToken * 4));
      }
      if (++at == page) { at = 0; block++; }
    }
    const first = causal ? max(0, j - ahead) : 0, count = rows - first; // queries before it see none of these keys
    const queries = q + <Ptr>first * <Ptr>qToken * 4, to = sums + <Ptr>(first * dim) * 4;
    if (few) dots<T>(queries, k, places, scores, count, width, dim, qToken);
    else {
      widen<T>(k, places, tileK, width, dim);
      widen<T>(v, places, tileV, width, dim);
      dots<f32>(queries, tileK, straight, scores, count, width, dim, qToken);
    }
    if (sizeof<T>() == 1) scaleColumns(scores, kFactors, count, width);
    for (let r = first; r < rows; r++) {
      const seen = causal ? min(width, ahead + r + 1 - j) : width, row = scores + <Ptr>((r - first) * width) * 4;
      const correction = softmaxRow(row, width, seen, scale, tops + <Ptr>r * 4, totals + <Ptr>r * 4);
      if (correction != 1) scaleRow(sums + <Ptr>(r * dim) * 4, <Ptr>dim * 4, correction);
    }
    if (sizeof<T>() == 1) scaleColumns(scores, vFactors, count, width);
    if (few) fewSums<T>(scores, v, places, to, count, width, dim);
    else gemm(scores, tileV, to, count, dim, width, width, 1, dim, 1, dim, 1, scratch);
  }
  endTile(tops, totals, sums, o, lse, rows, dim, oToken);
}

/**
 * o = softmax(scale * q k^T) v over pages, and lse as `attention` has it; with scales (0 if there are none) k and v are signed
 * bytes, otherwise of the dtype. The (sequence, head) pairs from..to.
 * Returns 0, or 1 + the first sequence whose boundaries, length or pages are wrong.
 */
export function attentionPaged(dtype: i32, q: Ptr, k: Ptr, v: Ptr, kScales: Ptr, vScales: Ptr, o: Ptr, lse: Ptr,
                               qStarts: Ptr, lengths: Ptr, tables: Ptr,
                               heads: i32, kvHeads: i32, dim: i32, qTokens: i32, pages: i32, page: i32, width: i32,
                               qToken: i32, qHead: i32, kToken: i32, kHead: i32, oToken: i32, oHead: i32,
                               causal: i32, scale: f32, from: i32, to: i32, scratch: Ptr): i32 {
  const size: Ptr = kScales ? 1 : dtype == BF16 ? 2 : 4;
  for (let item = from; item < to; item++) {
    const s = item / heads, h = item % heads;
    const q0 = start(qStarts, s), q1 = start(qStarts, s + 1), keys = start(lengths, s);
    if (q0 < 0 || q1 < q0 || q1 > qTokens || keys < 0 || keys > page * width) return s + 1;
    const table = tables + <Ptr>(s * width) * 4;
    for (let i = 0; i * page < keys; i++) if (<u32>start(table, i) >= <u32>pages) return s + 1;
    const g = <Ptr>(h / (heads / kvHeads)), kh = g * <Ptr>kHead * size, ks = kScales + g * 4, vs = vScales + g * 4;
    for (let i = q0; i < q1; i += QUERIES) {
      const rows = min(QUERIES, q1 - i), ahead = i - q0 + keys - (q1 - q0);
      const qt = q + (<Ptr>i * <Ptr>qToken + <Ptr>h * <Ptr>qHead) * 4, ot = o + (<Ptr>i * <Ptr>oToken + <Ptr>h * <Ptr>oHead) * 4;
      const lt = lse + (<Ptr>h * <Ptr>qTokens + <Ptr>i) * 4;
      if (kScales) tile<i8>(qt, k + kh, v + kh, ks, vs, ot, lt, rows, keys, ahead, dim, qToken, kToken, kvHeads, oToken, causal, scale, table, page, scratch);
      else if (dtype == BF16) tile<i16>(qt, k + kh, v + kh, 0, 0, ot, lt, rows, keys, ahead, dim, qToken, kToken, 0, oToken, causal, scale, table, page, scratch);
      else tile<f32>(qt, k + kh, v + kh, 0, 0, ot, lt, rows, keys, ahead, dim, qToken, kToken, 0, oToken, causal, scale, table, page, scratch);
    }
  }
  return 0;
}
