// Kernels that treat every element alone: fill, copy, convert, unary, binary, compare.
//
// Broadcasting and views come in as strides over at most four axes (the host folds
// axes that can be folded); a stride of 0 repeats an operand. Outputs are contiguous.
import { BF16, F16, F32, I32, Ptr, U8, floatLanes, load1, load4, relane, splat, store1, store4 } from "./lanes";
import { exp4, log4, sigmoid4, tanh4 } from "./math";

const ADD = 0, SUB = 1, MUL = 2, DIV = 3, MIN = 4, MAX = 5;
const EQ = 0, NE = 1, LT = 2, LE = 3;
const NEG = 0, ABS = 1, EXP = 2, LOG = 3, SQRT = 4, TANH = 5, RELU = 6, SIGMOID = 7;

/** dst = src, byte by byte; the ranges may overlap. */
export function copyBytes(dst: Ptr, src: Ptr, bytes: Ptr): void {
  memory.copy(dst, src, bytes);
}

// @ts-ignore: decorator
@inline function fillOf<T>(dst: Ptr, n: i32, value: f64): void {
  const v = splat<T>(value);
  let i = 0;
  for (; i + 4 <= n; i += 4, dst += 4 * sizeof<T>()) store4<T>(dst, v);
  for (; i < n; i++, dst += sizeof<T>()) store1<T>(dst, v);
}

/** dst[0..n) = value. */
export function fill(dtype: i32, dst: Ptr, n: i32, value: f64): void {
  switch (dtype) {
    case F32: fillOf<f32>(dst, n, value); break;
    case F16: fillOf<u16>(dst, n, value); break;
    case BF16: fillOf<i16>(dst, n, value); break;
    case I32: fillOf<i32>(dst, n, value); break;
    case U8: fillOf<u8>(dst, n, value); break;
  }
}

function convertOf<S, D>(src: Ptr, dst: Ptr, n0: i32, n1: i32, n2: i32, n3: i32,
                         s0: i32, s1: i32, s2: i32, s3: i32): void {
  const size = <i32>sizeof<S>();
  for (let i0 = 0; i0 < n0; i0++) for (let i1 = 0; i1 < n1; i1++) for (let i2 = 0; i2 < n2; i2++) {
    let p = src + <Ptr>((i0 * s0 + i1 * s1 + i2 * s2) * size);
    let i = 0;
    if (s3 == 1) {
      for (; i + 4 <= n3; i += 4, p += 4 * sizeof<S>(), dst += 4 * sizeof<D>()) {
        store4<D>(dst, relane<S, D>(load4<S>(p)));
      }
    }
    for (; i < n3; i++, p += <Ptr>(s3 * size), dst += sizeof<D>()) {
      store1<D>(dst, relane<S, D>(load1<S>(p)));
    }
  }
}

function convertFrom<S>(to: i32, src: Ptr, dst: Ptr, n0: i32, n1: i32, n2: i32, n3: i32,
                        s0: i32, s1: i32, s2: i32, s3: i32): void {
  switch (to) {
    case F32: convertOf<S, f32>(src, dst, n0, n1, n2, n3, s0, s1, s2, s3); break;
    case F16: convertOf<S, u16>(src, dst, n0, n1, n2, n3, s0, s1, s2, s3); break;
    case BF16: convertOf<S, i16>(src, dst, n0, n1, n2, n3, s0, s1, s2, s3); break;
    case I32: convertOf<S, i32>(src, dst, n0, n1, n2, n3, s0, s1, s2, s3); break;
    case U8: convertOf<S, u8>(src, dst, n0, n1, n2, n3, s0, s1, s2, s3); break;
  }
}

/** dst = src, strided view to contiguous, any dtype to any dtype. */
export function convert(from: i32, to: i32, src: Ptr, dst: Ptr, n0: i32, n1: i32, n2: i32, n3: i32,
                        s0: i32, s1: i32, s2: i32, s3: i32): void {
  switch (from) {
    case F32: convertFrom<f32>(to, src, dst, n0, n1, n2, n3, s0, s1, s2, s3); break;
    case F16: convertFrom<u16>(to, src, dst, n0, n1, n2, n3, s0, s1, s2, s3); break;
    case BF16: convertFrom<i16>(to, src, dst, n0, n1, n2, n3, s0, s1, s2, s3); break;
    case I32: convertFrom<i32>(to, src, dst, n0, n1, n2, n3, s0, s1, s2, s3); break;
    case U8: convertFrom<u8>(to, src, dst, n0, n1, n2, n3, s0, s1, s2, s3); break;
  }
}

// @ts-ignore: decorator
@inline function unaryOp<T>(op: i32, x: v128): v128 {
  if (!floatLanes<T>()) {
    if (op == NEG) return i32x4.neg(x);
    if (op == ABS) return i32x4.abs(x);
    return i32x4.max_s(x, i32x4.splat(0)); // RELU; the host refuses the others
  }
  switch (op) {
    case NEG: return f32x4.neg(x);
    case ABS: return f32x4.abs(x);
    case EXP: return exp4(x);
    case LOG: return log4(x);
    case SQRT: return f32x4.sqrt(x);
    case TANH: return tanh4(x);
    case RELU: return f32x4.max(x, f32x4.splat(0));
    default: return sigmoid4(x);
  }
}

// @ts-ignore: decorator
@inline function unaryRow<T>(op: i32, x: Ptr, y: Ptr, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4, x += 4 * sizeof<T>(), y += 4 * sizeof<T>()) {
    store4<T>(y, unaryOp<T>(op, load4<T>(x)));
  }
  for (; i < n; i++, x += sizeof<T>(), y += sizeof<T>()) store1<T>(y, unaryOp<T>(op, load1<T>(x)));
}

function unaryFloat(op: i32, x: Ptr, y: Ptr, n: i32): void {
  switch (op) { // a constant in each call: the loop is compiled once for every operator
    case NEG: unaryRow<f32>(NEG, x, y, n); break;
    case ABS: unaryRow<f32>(ABS, x, y, n); break;
    case EXP: unaryRow<f32>(EXP, x, y, n); break;
    case LOG: unaryRow<f32>(LOG, x, y, n); break;
    case SQRT: unaryRow<f32>(SQRT, x, y, n); break;
    case TANH: unaryRow<f32>(TANH, x, y, n); break;
    case RELU: unaryRow<f32>(RELU, x, y, n); break;
    case SIGMOID: unaryRow<f32>(SIGMOID, x, y, n); break;
  }
}

/** y = op(x), contiguous, same dtype. */
export function unary(op: i32, dtype: i32, x: Ptr, y: Ptr, n: i32): void {
  switch (dtype) {
    case F32: unaryFloat(op, x, y, n); break;
    case F16: unaryRow<u16>(op, x, y, n); break;
    case BF16: unaryRow<i16>(op, x, y, n); break;
    case I32: unaryRow<i32>(op, x, y, n); break;
    case U8: unaryRow<u8>(op, x, y, n); break;
  }
}

// @ts-ignore: decorator
@inline function binaryOp<T>(op: i32, a: v128, b: v128): v128 {
  if (!floatLanes<T>()) {
    switch (op) {
      case ADD: return i32x4.add(a, b);
      case SUB: return i32x4.sub(a, b);
      case MUL: return i32x4.mul(a, b);
      case MIN: return i32x4.min_s(a, b);
      default: return i32x4.max_s(a, b); // the host refuses DIV
    }
  }
  switch (op) {
    case ADD: return f32x4.add(a, b);
    case SUB: return f32x4.sub(a, b);
    case MUL: return f32x4.mul(a, b);
    case DIV: return f32x4.div(a, b);
    case MIN: return f32x4.min(a, b);
    default: return f32x4.max(a, b);
  }
}

// @ts-ignore: decorator
@inline function compareOp<T>(op: i32, a: v128, b: v128): v128 {
  let mask: v128;
  if (floatLanes<T>()) {
    mask = op == EQ ? f32x4.eq(a, b) : op == NE ? f32x4.ne(a, b) : op == LT ? f32x4.lt(a, b) : f32x4.le(a, b);
  } else {
    mask = op == EQ ? i32x4.eq(a, b) : op == NE ? i32x4.ne(a, b) : op == LT ? i32x4.lt_s(a, b) : i32x4.le_s(a, b);
  }
  return v128.and(mask, i32x4.splat(1));
}

/** One row of out = a op b; R is the result's type, `isCompare` picks the operator family. */
// @ts-ignore: decorator
@inline function row<T, R>(isCompare: bool, op: i32, a: Ptr, sa: i32, b: Ptr, sb: i32, out: Ptr, n: i32): void {
  let i = 0;
  if ((sa | sb) == 1) { // each stride is 0 or 1
    const a1 = load1<T>(a), b1 = load1<T>(b);
    for (; i + 4 <= n; i += 4, out += 4 * sizeof<R>()) {
      const x = sa ? load4<T>(a) : a1, y = sb ? load4<T>(b) : b1;
      store4<R>(out, isCompare ? compareOp<T>(op, x, y) : binaryOp<T>(op, x, y));
      a += <Ptr>sa * 4 * sizeof<T>();
      b += <Ptr>sb * 4 * sizeof<T>();
    }
  }
  for (; i < n; i++, out += sizeof<R>()) {
    const x = load1<T>(a), y = load1<T>(b);
    store1<R>(out, isCompare ? compareOp<T>(op, x, y) : binaryOp<T>(op, x, y));
    a += <Ptr>sa * sizeof<T>();
    b += <Ptr>sb * sizeof<T>();
  }
}

// @ts-ignore: decorator
@inline function rows<T, R>(isCompare: bool, op: i32, a: Ptr, b: Ptr, out: Ptr,
                            n0: i32, n1: i32, n2: i32, n3: i32, a0: i32, a1: i32, a2: i32, a3: i32,
                            b0: i32, b1: i32, b2: i32, b3: i32): void {
  const size = <i32>sizeof<T>(), step = <Ptr>n3 * sizeof<R>();
  for (let i0 = 0; i0 < n0; i0++) for (let i1 = 0; i1 < n1; i1++) for (let i2 = 0; i2 < n2; i2++) {
    row<T, R>(isCompare, op, a + <Ptr>((i0 * a0 + i1 * a1 + i2 * a2) * size), a3,
      b + <Ptr>((i0 * b0 + i1 * b1 + i2 * b2) * size), b3, out, n3);
    out += step;
  }
}

function binaryOf<T>(op: i32, a: Ptr, b: Ptr, out: Ptr, n0: i32, n1: i32, n2: i32, n3: i32,
                     a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32): void {
  if (!isFloat<T>()) {
    rows<T, T>(false, op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
    return;
  }
  switch (op) {
    case ADD: rows<T, T>(false, ADD, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case SUB: rows<T, T>(false, SUB, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case MUL: rows<T, T>(false, MUL, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case DIV: rows<T, T>(false, DIV, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case MIN: rows<T, T>(false, MIN, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case MAX: rows<T, T>(false, MAX, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
  }
}

/** out = a op b. Axes n0..n3, strides of a and b in elements, out contiguous, one dtype. */
export function binary(op: i32, dtype: i32, a: Ptr, b: Ptr, out: Ptr, n0: i32, n1: i32, n2: i32, n3: i32,
                       a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32): void {
  switch (dtype) {
    case F32: binaryOf<f32>(op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case F16: binaryOf<u16>(op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case BF16: binaryOf<i16>(op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case I32: binaryOf<i32>(op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case U8: binaryOf<u8>(op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
  }
}

function compareOf<T>(op: i32, a: Ptr, b: Ptr, out: Ptr, n0: i32, n1: i32, n2: i32, n3: i32,
                      a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32): void {
  rows<T, u8>(true, op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}

/** out (u8) = 1 where a op b holds, else 0. Same layout as `binary`. */
export function compare(op: i32, dtype: i32, a: Ptr, b: Ptr, out: Ptr, n0: i32, n1: i32, n2: i32, n3: i32,
                        a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32): void {
  switch (dtype) {
    case F32: compareOf<f32>(op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case F16: compareOf<u16>(op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case BF16: compareOf<i16>(op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case I32: compareOf<i32>(op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
    case U8: compareOf<u8>(op, a, b, out, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3); break;
  }
}
