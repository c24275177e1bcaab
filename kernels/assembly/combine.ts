// The arithmetic of allReduce: combine `ns` buffers element by element and store the
// result in `nd` places. Buffers are combined in the order of the list, so ranks that
// list them alike get the same bits; half formats are added in f32 and rounded once, at the end.
import { BF16, F16, F32, I32, Ptr, U8, floatLanes, load1, load4, store1, store4 } from "./lanes";
import { combineMean } from "./mean";
import { MAX, MIN, PRODUCT, SUM, join } from "./operators";

const BLOCK = 32; // elements combined in registers: eight vectors

// @ts-ignore: decorator
@inline function source(list: Ptr, k: i32): Ptr { return load<Ptr>(list + <Ptr>k * 4); }

/** The elements from i to n, four at a time and then one by one. */
// @ts-ignore: decorator
@inline function combineRest<T>(op: i32, srcs: Ptr, ns: i32, dsts: Ptr, nd: i32, i: i32, n: i32): void {
  let at = <Ptr>i * sizeof<T>();
  for (; i + 4 <= n; i += 4, at += 4 * sizeof<T>()) {
    let v = load4<T>(source(srcs, 0) + at);
    for (let k = 1; k < ns; k++) v = join<T>(op, v, load4<T>(source(srcs, k) + at));
    for (let k = 0; k < nd; k++) store4<T>(source(dsts, k) + at, v);
  }
  for (; i < n; i++, at += sizeof<T>()) {
    let v = load1<T>(source(srcs, 0) + at);
    for (let k = 1; k < ns; k++) v = join<T>(op, v, load1<T>(source(srcs, k) + at));
    for (let k = 0; k < nd; k++) store1<T>(source(dsts, k) + at, v);
  }
}

/** f32 from element i, in blocks of eight vectors: the list of sources is walked once for 32 elements. */
// @ts-ignore: decorator
@inline function combineBlocks(op: i32, srcs: Ptr, ns: i32, dsts: Ptr, nd: i32, i: i32, n: i32): void {
  let at = <Ptr>i * 4;
  for (; i + BLOCK <= n; i += BLOCK, at += BLOCK * 4) {
    let p = source(srcs, 0) + at;
    let v0 = v128.load(p), v1 = v128.load(p, 16), v2 = v128.load(p, 32), v3 = v128.load(p, 48);
    let v4 = v128.load(p, 64), v5 = v128.load(p, 80), v6 = v128.load(p, 96), v7 = v128.load(p, 112);
    for (let k = 1; k < ns; k++) {
      p = source(srcs, k) + at;
      v0 = join<f32>(op, v0, v128.load(p));
      v1 = join<f32>(op, v1, v128.load(p, 16));
      v2 = join<f32>(op, v2, v128.load(p, 32));
      v3 = join<f32>(op, v3, v128.load(p, 48));
      v4 = join<f32>(op, v4, v128.load(p, 64));
      v5 = join<f32>(op, v5, v128.load(p, 80));
      v6 = join<f32>(op, v6, v128.load(p, 96));
      v7 = join<f32>(op, v7, v128.load(p, 112));
    }
    for (let k = 0; k < nd; k++) {
      p = source(dsts, k) + at;
      v128.store(p, v0); v128.store(p, v1, 16); v128.store(p, v2, 32); v128.store(p, v3, 48);
      v128.store(p, v4, 64); v128.store(p, v5, 80); v128.store(p, v6, 96); v128.store(p, v7, 112);
    }
  }
  combineRest<f32>(op, srcs, ns, dsts, nd, i, n);
}

// The three shapes that carry nearly all the bytes get loops of their own, with every
// address in a register: twice as fast as walking the lists. Each does whole 32-byte
// steps and returns how many elements it did.

/** a = b = a op b: an allReduce of two ranks, where both tensors lie. */
// @ts-ignore: decorator
@inline function pair(op: i32, a: Ptr, b: Ptr, n: i32): i32 {
  const whole = n & ~15;
  for (const end = a + <Ptr>whole * 4; a < end; a += 64, b += 64) {
    const v0 = join<f32>(op, v128.load(a), v128.load(b)), v1 = join<f32>(op, v128.load(a, 16), v128.load(b, 16));
    const v2 = join<f32>(op, v128.load(a, 32), v128.load(b, 32)), v3 = join<f32>(op, v128.load(a, 48), v128.load(b, 48));
    v128.store(a, v0); v128.store(a, v1, 16); v128.store(a, v2, 32); v128.store(a, v3, 48);
    v128.store(b, v0); v128.store(b, v1, 16); v128.store(b, v2, 32); v128.store(b, v3, 48);
  }
  return whole;
}

/** a = b = c = d = a op b op c op d: an allReduce of four ranks. */
// @ts-ignore: decorator
@inline function quad(op: i32, a: Ptr, b: Ptr, c: Ptr, d: Ptr, n: i32): i32 {
  const whole = n & ~7;
  for (const end = a + <Ptr>whole * 4; a < end; a += 32, b += 32, c += 32, d += 32) {
    const v0 = join<f32>(op, join<f32>(op, join<f32>(op, v128.load(a), v128.load(b)), v128.load(c)), v128.load(d));
    const v1 = join<f32>(op, join<f32>(op, join<f32>(op, v128.load(a, 16), v128.load(b, 16)), v128.load(c, 16)), v128.load(d, 16));
    v128.store(a, v0); v128.store(a, v1, 16); v128.store(b, v0); v128.store(b, v1, 16);
    v128.store(c, v0); v128.store(c, v1, 16); v128.store(d, v0); v128.store(d, v1, 16);
  }
  return whole;
}

/** d = a op b: a step of a ring or a tree, and the small allReduce of two ranks. */
// @ts-ignore: decorator
@inline function into(op: i32, d: Ptr, a: Ptr, b: Ptr, n: i32): i32 {
  const whole = n & ~15;
  for (const end = d + <Ptr>whole * 4; d < end; a += 64, b += 64, d += 64) {
    const v0 = join<f32>(op, v128.load(a), v128.load(b)), v1 = join<f32>(op, v128.load(a, 16), v128.load(b, 16));
    const v2 = join<f32>(op, v128.load(a, 32), v128.load(b, 32)), v3 = join<f32>(op, v128.load(a, 48), v128.load(b, 48));
    v128.store(d, v0); v128.store(d, v1, 16); v128.store(d, v2, 32); v128.store(d, v3, 48);
  }
  return whole;
}

/** Whether the destinations are the sources, in the same order. */
function inPlace(srcs: Ptr, ns: i32, dsts: Ptr, nd: i32): bool {
  if (ns != nd) return false;
  for (let k = 0; k < ns; k++) if (source(srcs, k) != source(dsts, k)) return false;
  return true;
}

// @ts-ignore: decorator
@inline function combineFloatWith(op: i32, srcs: Ptr, ns: i32, dsts: Ptr, nd: i32, n: i32): void {
  let done = 0;
  const a = source(srcs, 0), b = source(srcs, 1);
  if (ns == 2 && nd == 1) done = into(op, source(dsts, 0), a, b, n);
  else if (ns == 2 && inPlace(srcs, ns, dsts, nd)) done = pair(op, a, b, n);
  else if (ns == 4 && inPlace(srcs, ns, dsts, nd)) done = quad(op, a, b, source(srcs, 2), source(srcs, 3), n);
  combineBlocks(op, srcs, ns, dsts, nd, done, n);
}

function combineFloat(op: i32, srcs: Ptr, ns: i32, dsts: Ptr, nd: i32, n: i32): void {
  switch (op) { // a constant in each call: the loops are compiled once for every operator
    case SUM: combineFloatWith(SUM, srcs, ns, dsts, nd, n); break;
    case MIN: combineFloatWith(MIN, srcs, ns, dsts, nd, n); break;
    case MAX: combineFloatWith(MAX, srcs, ns, dsts, nd, n); break;
    case PRODUCT: combineFloatWith(PRODUCT, srcs, ns, dsts, nd, n); break;
  }
}

/**
 * dsts[*][0..n) = op over srcs[0], srcs[1], ... of [0..n), or their mean if `divisor` is not 1 (mean.ts).
 * `srcs` and `dsts` are lists of addresses in memory. A destination may be a source.
 */
export function combine(op: i32, dtype: i32, srcs: Ptr, ns: i32, dsts: Ptr, nd: i32, n: i32, divisor: i32): void {
  if (divisor != 1) { combineMean(dtype, srcs, ns, dsts, nd, n, divisor); return; }
  switch (dtype) {
    case F32: combineFloat(op, srcs, ns, dsts, nd, n); break;
    case F16: combineRest<u16>(op, srcs, ns, dsts, nd, 0, n); break;
    case BF16: combineRest<i16>(op, srcs, ns, dsts, nd, 0, n); break;
    case I32: combineRest<i32>(op, srcs, ns, dsts, nd, 0, n); break;
    case U8: combineRest<u8>(op, srcs, ns, dsts, nd, 0, n); break;
  }
}
