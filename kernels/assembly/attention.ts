// Attention that never builds the whole matrix of scores (Rabe and Staats, 2021; Dao et al.,
// "FlashAttention", 2022): a tile of queries meets tile after tile of keys, and the softmax is
// corrected as larger scores turn up. Backward computes the scores again from the log-sum-exp.
//
// Sequences of different lengths lie behind each other; `starts` has their boundaries. With
// `causal`, query i of m sees the keys up to i + (n - m) of n. Query head h uses key head
// h / (heads / kvHeads). Strides count elements.
import { Ptr, madd } from "./lanes";
import { gemm, gemmScratchBytes } from "./gemm";
import { expDown4, log4 } from "./math";
import { largest, scaleRow, sum4 } from "./rows";
import { expRow } from "./sweep";

export const QUERIES = 128; // of a tile
export const KEYS = 64;
export const MOST_DIM = 256;

export const SCORES = QUERIES * KEYS * 4; // bytes
export const ROWS = QUERIES * 4;
export const SUMS = QUERIES * MOST_DIM * 4;

/** Bytes of private scratch each thread must give to attention and its gradients. */
export function attentionScratchBytes(): i32 {
  return gemmScratchBytes() + 2 * (SCORES + ROWS) + SUMS;
}

// @ts-ignore: decorator
@inline function exp1(x: f32): f32 { return f32x4.extract_lane(expDown4(f32x4.splat(x)), 0); }
// @ts-ignore: decorator
@inline function log1(x: f32): f32 { return f32x4.extract_lane(log4(f32x4.splat(x)), 0); }
// @ts-ignore: decorator
@inline export function start(starts: Ptr, i: i32): i32 { return load<i32>(starts + <Ptr>i * 4); }

/**
 * One row of scores becomes probabilities, relative to its largest score so far.
 * `seen` of its `keys` scores count. Returns by how much earlier sums must be multiplied.
 */
export function softmaxRow(row: Ptr, keys: i32, seen: i32, scale: f32, top: Ptr, total: Ptr): f32 {
  const bytes = <Ptr>max(seen, 0) * 4;
  const before = load<f32>(top);
  const now = max<f32>(before, largest(row, bytes) * scale);
  store<f32>(top, now);
  if (now == -Infinity) { // nothing seen yet
    memory.fill(row, 0, <Ptr>keys * 4);
    return 1;
  }
  const sum = expRow(row, row, bytes, scale, now);
  memory.fill(row + bytes, 0, <Ptr>keys * 4 - bytes);
  const correction = before == -Infinity ? <f32>0 : exp1(before - now);
  store<f32>(total, load<f32>(total) * correction + sum);
  return correction;
}

/** One tile of queries of one head against all its keys. */
function forwardTile(q: Ptr, k: Ptr, v: Ptr, o: Ptr, lse: Ptr, rows: i32, keys: i32, ahead: i32, dim: i32,
                     qToken: i32, kToken: i32, oToken: i32, causal: i32, scale: f32, scratch: Ptr): void {
  const scores = scratch + <Ptr>gemmScratchBytes(), tops = scores + 2 * SCORES, totals = tops + ROWS, sums = totals + ROWS;
  beginTile(tops, totals, sums, rows, dim);
  const last = causal ? min(keys, ahead + rows) : keys;
  for (let j = 0; j < last; j += KEYS) {
    const width = min(KEYS, last - j);
    const kt = k + <Ptr>j * <Ptr>kToken * 4, vt = v + <Ptr>j * <Ptr>kToken * 4;
    const first = causal ? max(0, j - ahead) : 0, count = rows - first; // queries before it see none of these keys
    const tile = q + <Ptr>first * <Ptr>qToken * 4;
    gemm(tile, kt, scores, count, width, dim, qToken, 1, 1, kToken, width, 0, scratch);
    for (let r = first; r < rows; r++) {
      const seen = causal ? min(width, ahead + r + 1 - j) : width;
      const correction = softmaxRow(scores + <Ptr>((r - first) * width) * 4, width, seen, scale, tops + <Ptr>r * 4, totals + <Ptr>r * 4);
      if (correction != 1) scaleRow(sums + <Ptr>(r * dim) * 4, <Ptr>dim * 4, correction);
    }
    gemm(scores, vt, sums + <Ptr>(first * dim) * 4, count, dim, width, width, 1, kToken, 1, dim, 1, scratch);
  }
  endTile(tops, totals, sums, o, lse, rows, dim, oToken);
}

/** Before a tile's first keys: nothing seen, nothing summed. */
export function beginTile(tops: Ptr, totals: Ptr, sums: Ptr, rows: i32, dim: i32): void {
  for (let r = 0; r < rows; r++) {
    store<f32>(tops + <Ptr>r * 4, -Infinity);
    store<f32>(totals + <Ptr>r * 4, 0);
  }
  memory.fill(sums, 0, <Ptr>(rows * dim) * 4);
}

/** Behind its last keys: sums become means of values, and the log of each sum of exponentials is kept. */
export function endTile(tops: Ptr, totals: Ptr, sums: Ptr, o: Ptr, lse: Ptr, rows: i32, dim: i32, oToken: i32): void {
  for (let r = 0; r < rows; r++) {
    const total = load<f32>(totals + <Ptr>r * 4), row = sums + <Ptr>(r * dim) * 4;
    if (total > 0) scaleRow(row, <Ptr>dim * 4, 1 / total);
    memory.copy(o + <Ptr>r * <Ptr>oToken * 4, row, <Ptr>dim * 4);
    store<f32>(lse + <Ptr>r * 4, load<f32>(tops + <Ptr>r * 4) + log1(total));
  }
}

/**
 * o = softmax(scale * q k^T) v, and lse = log of the sum of exponentials [heads, qTokens]; a query
 * that sees no key gets 0 and -Infinity. Does the (sequence, head) pairs from..to.
 * Returns 0, or 1 + the first sequence whose boundaries are wrong.
 */
export function attention(q: Ptr, k: Ptr, v: Ptr, o: Ptr, lse: Ptr, qStarts: Ptr, kStarts: Ptr,
                          heads: i32, kvHeads: i32, dim: i32, qTokens: i32, kTokens: i32,
                          qToken: i32, qHead: i32, kToken: i32, kHead: i32, oToken: i32, oHead: i32,
                          causal: i32, scale: f32, from: i32, to: i32, scratch: Ptr): i32 {
  for (let item = from; item < to; item++) {
    const s = item / heads, h = item % heads;
    const q0 = start(qStarts, s), q1 = start(qStarts, s + 1), k0 = start(kStarts, s), k1 = start(kStarts, s + 1);
    if (q0 < 0 || q1 < q0 || q1 > qTokens || k0 < 0 || k1 < k0 || k1 > kTokens) return s + 1;
    const g = h / (heads / kvHeads), keys = k1 - k0;
    const kh = <Ptr>k0 * <Ptr>kToken * 4 + <Ptr>g * <Ptr>kHead * 4;
    for (let i = q0; i < q1; i += QUERIES) {
      const rows = min(QUERIES, q1 - i);
      forwardTile(q + (<Ptr>i * <Ptr>qToken + <Ptr>h * <Ptr>qHead) * 4, k + kh, v + kh,
                  o + (<Ptr>i * <Ptr>oToken + <Ptr>h * <Ptr>oHead) * 4, lse + (<Ptr>h * <Ptr>qTokens + <Ptr>i) * 4,
                  rows, keys, i - q0 + keys - (q1 - q0), dim, qToken, kToken, oToken, causal, scale, scratch);
    }
  }
  return 0;
}

/**
 * Gradients of `attention`: with p = exp(scale * q k^T - lse) and delta = sum(dout * o) of each query,
 * dv += p^T dout, ds = p * (dout v^T - delta), dq = scale * ds k, dk += scale * ds^T q. dq is written,
 * dk and dv are added to. Key heads from..to of all sequences; all tensors have the strides of their forward twins.
 * Returns as `attention`.
 */
export function attentionBackward(q: Ptr, k: Ptr, v: Ptr, o: Ptr, lse: Ptr, dout: Ptr, dq: Ptr, dk: Ptr, dv: Ptr,
                                  qStarts: Ptr, kStarts: Ptr,
                                  heads: i32, kvHeads: i32, dim: i32, qTokens: i32, kTokens: i32,
                                  qToken: i32, qHead: i32, kToken: i32, kHead: i32, oToken: i32, oHead: i32,
                                  causal: i32, scale: f32, from: i32, to: i32, scratch: Ptr): i32 {
  const probabilities = scratch + <Ptr>gemmScratchBytes(), slopes = probabilities + SCORES, deltas = slopes + SCORES;
  const group = heads / kvHeads, bytes = <Ptr>dim * 4;
  for (let item = from; item < to; item++) {
    const s = item / kvHeads, g = item % kvHeads;
    const q0 = start(qStarts, s), q1 = start(qStarts, s + 1), k0 = start(kStarts, s), k1 = start(kStarts, s + 1);
    if (q0 < 0 || q1 < q0 || q1 > qTokens || k0 < 0 || k1 < k0 || k1 > kTokens) return s + 1;
    const keys = k1 - k0;
    for (let h = g * group; h < (g + 1) * group; h++) {
      for (let i = q0; i < q1; i += QUERIES) {
        const rows = min(QUERIES, q1 - i), ahead = i - q0 + keys - (q1 - q0);
        const at = (<Ptr>i * <Ptr>qToken + <Ptr>h * <Ptr>qHead) * 4, ot = (<Ptr>i * <Ptr>oToken + <Ptr>h * <Ptr>oHead) * 4;
        for (let r = 0; r < rows; r++) {
          const row = ot + <Ptr>r * <Ptr>oToken * 4;
          let delta: f32 = 0;
          for (let c: Ptr = 0; c < bytes; c += 4) delta += load<f32>(o + row + c) * load<f32>(dout + row + c);
          store<f32>(deltas + <Ptr>r * 4, delta);
          memory.fill(dq + at + <Ptr>r * <Ptr>qToken * 4, 0, bytes);
        }
        const last = causal ? min(keys, ahead + rows) : keys;
        for (let j = 0; j < last; j += KEYS) {
          const width = min(KEYS, last - j);
          const kt = (<Ptr>(k0 + j) * <Ptr>kToken + <Ptr>g * <Ptr>kHead) * 4;
          const first = causal ? max(0, j - ahead) : 0, count = rows - first; // queries before it see none of these keys
          const qt = at + <Ptr>first * <Ptr>qToken * 4, dt = ot + <Ptr>first * <Ptr>oToken * 4;
          gemm(q + qt, k + kt, probabilities, count, width, dim, qToken, 1, 1, kToken, width, 0, scratch);
          gemm(dout + dt, v + kt, slopes, count, width, dim, oToken, 1, 1, kToken, width, 0, scratch);
          for (let r = first; r < rows; r++) {
            const seen = causal ? min(width, ahead + r + 1 - j) : width, row = <Ptr>((r - first) * width) * 4;
            const level = load<f32>(lse + (<Ptr>h * <Ptr>qTokens + <Ptr>(i + r)) * 4), delta = load<f32>(deltas + <Ptr>r * 4);
            slopeRow(probabilities + row, slopes + row, width, seen, scale, level, delta);
          }
          gemm(probabilities, dout + dt, dv + kt, width, dim, count, 1, width, oToken, 1, kToken, 1, scratch);
          gemm(slopes, q + qt, dk + kt, width, dim, count, 1, width, qToken, 1, kToken, 1, scratch);
          gemm(slopes, k + kt, dq + qt, count, dim, width, width, 1, kToken, 1, qToken, 1, scratch);
        }
      }
    }
  }
  return 0;
}

/** Scores become probabilities, and dout v^T becomes scale * p * (dout v^T - delta). */
function slopeRow(row: Ptr, slope: Ptr, keys: i32, seen: i32, scale: f32, level: f32, delta: f32): void {
  const bytes = <Ptr>max(seen, 0) * 4, body = bytes & ~15;
  const s = f32x4.splat(scale), d = f32x4.splat(delta);
  expRow(row, row, bytes, scale, level);
  let i: Ptr = 0;
  for (; i < body; i += 16) {
    const slopes = f32x4.sub(v128.load(slope + i), d);
    v128.store(slope + i, f32x4.mul(s, f32x4.mul(v128.load(row + i), slopes)));
  }
  for (; i < bytes; i += 4) store<f32>(slope + i, scale * load<f32>(row + i) * (load<f32>(slope + i) - delta));
  memory.fill(row + bytes, 0, <Ptr>keys * 4 - bytes);
  memory.fill(slope + bytes, 0, <Ptr>keys * 4 - bytes);
}
