/** What tensors compute: each function checks its operands, makes its result and launches kernels. */
import {
  type BinaryOp,
  binaryOps,
  codeOf,
  compareOps,
  type DType,
  dtypes,
  type ReduceOp,
  reduceOps,
  type UnaryOp,
  unaryOps,
} from "../device/index.ts";
import { kindOf } from "../platform/words.ts";
import type { Comparison, Operations } from "./gate.ts";
import { rawOf } from "./raw.ts";
import { broadcastShapes, broadcastStrides, checkAxis, type Shape, sameShape, sizeOfShape, walks } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Unary operators that integers have. */
const integerUnary: readonly UnaryOp[] = ["neg", "abs", "relu"];

/** `f32[2,3]` */
function text(x: Tensor): string {
  return `${x.dtype}[${x.shape}]`;
}

/** y = op(x), same shape and dtype. @throws TypeError for an integer tensor where op needs floats. */
export function unary(op: UnaryOp, x: Tensor): Tensor {
  if (!dtypes[x.dtype].float && !integerUnary.includes(op)) {
    throw new TypeError(`${op} needs a floating-point dtype, but got ${text(x)}. Cast it first: x.to("f32").`);
  }
  using source = x.contiguous();
  const y = x.device.empty(x.shape, x.dtype);
  rawOf(y.device).launch("unary", [source.ref(), y.ref()], [unaryOps[op], codeOf(x.dtype), x.size]);
  return y;
}

/** out = a op b with broadcasting, in a new tensor or in `out` (contiguous, of the result's shape). */
export function binary(op: BinaryOp, a: Tensor, b: Tensor | number, out?: Tensor): Tensor {
  sameDType(op, a, b);
  if (op === "div" && !dtypes[a.dtype].float) {
    throw new TypeError(`div needs a floating-point dtype, but got ${text(a)}. Cast it first: x.to("f32").`);
  }
  if (typeof b === "number") return withNumber("binaryScalar", binaryOps[op], a, b, false, a.dtype, out);
  return elementwise("binary", binaryOps[op], a, b, a.dtype, out);
}

/** u8 tensor: 1 where a op b holds, with broadcasting. */
export function compare(op: Comparison, a: Tensor, b: Tensor | number): Tensor {
  sameDType(op, a, b);
  const swapped = op === "gt" || op === "ge";
  const code = compareOps[op === "gt" ? "lt" : op === "ge" ? "le" : op];
  if (typeof b === "number") return withNumber("compareScalar", code, a, b, swapped, "u8");
  return swapped ? elementwise("compare", code, b, a, "u8") : elementwise("compare", code, a, b, "u8");
}

function sameDType(op: string, a: Tensor, b: Tensor | number): void {
  if (typeof b === "number" || a.dtype === b.dtype) return;
  throw new TypeError(
    `${op} got ${text(a)} and ${text(b)}. Cast one of them with .to(dtype): nothing is converted silently.`,
  );
}

/** A number counts as an operand of the tensor's dtype. */
function withNumber(
  kernel: "binaryScalar" | "compareScalar",
  op: number,
  a: Tensor,
  value: number,
  swapped: boolean,
  dtype: DType,
  into?: Tensor,
): Tensor {
  const out = into ?? a.device.empty(a.shape, dtype);
  if (a.isContiguous) {
    if (a.size === 0) return out;
    const scalars = [op, codeOf(a.dtype), 1, 1, 1, a.size, 0, 0, 0, 1, value, Number(swapped)];
    rawOf(a.device).launch(kernel, [a.ref(), out.ref()], scalars);
    return out;
  }
  for (const {
    sizes,
    strides: [s],
    offsets,
    at,
  } of walks(a.shape, [a.strides])) {
    const scalars = [op, codeOf(a.dtype), ...sizes, ...s, value, Number(swapped)];
    rawOf(a.device).launch(kernel, [a.ref(offsets[0]), out.ref(at)], scalars);
  }
  return out;
}

function elementwise(
  kernel: "binary" | "compare",
  op: number,
  a: Tensor,
  b: Tensor,
  dtype: DType,
  into?: Tensor,
): Tensor {
  if (!into && a.isContiguous && b.isContiguous && sameShape(a.shape, b.shape)) {
    const flat = a.device.empty(a.shape, dtype); // nearly always: one run of elements, no walk to plan
    const scalars = [op, codeOf(a.dtype), 1, 1, 1, a.size, 0, 0, 0, 1, 0, 0, 0, 1];
    if (a.size > 0) rawOf(a.device).launch(kernel, [a.ref(), b.ref(), flat.ref()], scalars);
    return flat;
  }
  const shape = broadcastShapes(a.shape, b.shape);
  if (into && (!into.isContiguous || String(into.shape) !== String(shape))) {
    throw new RangeError(`An in-place operation would give [${shape}], which does not fit ${text(into)}.`);
  }
  const out = into ?? a.device.empty(shape, dtype);
  const strides = [a, b].map((x) => broadcastStrides(x.shape, x.strides, shape));
  for (const {
    sizes,
    strides: [sa, sb],
    offsets,
    at,
  } of walks(shape, strides)) {
    const refs = [a.ref(offsets[0]), b.ref(offsets[1]), out.ref(at)];
    rawOf(out.device).launch(kernel, refs, [op, codeOf(a.dtype), ...sizes, ...sa, ...sb]);
  }
  return out;
}

/** Sets all elements of a contiguous tensor. */
export function fill(out: Tensor, value: number): Tensor {
  if (typeof value !== "number") throw new TypeError(`A tensor is filled with a number, but got ${kindOf(value)}.`);
  rawOf(out.device).launch("fill", [out.ref()], [codeOf(out.dtype), out.size, value]);
  return out;
}

/** A contiguous copy: `to`, `contiguous` and `clone`. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return convert(x, x.device.empty(x.shape, dtype));
}

/** Copies x into a contiguous tensor, converting: `copy_`. */
export function convert(x: Tensor, out: Tensor): Tensor {
  const strides = broadcastStrides(x.shape, x.strides, out.shape);
  for (const {
    sizes,
    strides: [s],
    offsets,
    at,
  } of walks(out.shape, [strides])) {
    rawOf(out.device).launch(
      "convert",
      [x.ref(offsets[0]), out.ref(at)],
      [codeOf(x.dtype), codeOf(out.dtype), ...sizes, ...s],
    );
  }
  return out;
}

/** [outer, n, inner] around an axis, or around all elements. */
function around(shape: Shape, axis: number | undefined): { outer: number; n: number; inner: number; rest: number[] } {
  if (axis === undefined) return { outer: 1, n: sizeOfShape(shape), inner: 1, rest: [] };
  const at = checkAxis(axis, shape.length);
  return {
    outer: sizeOfShape(shape.slice(0, at)),
    n: shape[at],
    inner: sizeOfShape(shape.slice(at + 1)),
    rest: shape.filter((_, i) => i !== at),
  };
}

function kept(x: Tensor, axis: number | undefined, rest: number[], keepdim: boolean): number[] {
  if (!keepdim) return rest;
  if (axis === undefined) return x.shape.map(() => 1);
  return x.shape.map((length, i) => (i === checkAxis(axis, x.shape.length) ? 1 : length));
}

/**
 * Reduces one axis, or all. Integers give i32; half formats accumulate in f32. An empty sum
 * is 0, an empty product 1.
 * @throws RangeError for a minimum or maximum of nothing.
 */
export function reduce(op: ReduceOp, x: Tensor, axis?: number, keepdim = false): Tensor {
  const { outer, n, inner, rest } = around(x.shape, axis);
  if (n === 0 && (op === "min" || op === "max")) {
    throw new RangeError(
      `${op} of no elements: ${text(x)} is empty along ${axis === undefined ? "all axes" : `axis ${axis}`}.`,
    );
  }
  using source = x.contiguous();
  const out = x.device.empty(kept(x, axis, rest, keepdim), dtypes[x.dtype].float ? x.dtype : "i32");
  rawOf(x.device).launch("reduce", [source.ref(), out.ref()], [reduceOps[op], codeOf(x.dtype), outer, n, inner]);
  return out;
}

/** Mean along one axis, or of all elements. @throws TypeError for integers. */
export function mean(x: Tensor, axis?: number, keepdim = false): Tensor {
  if (!dtypes[x.dtype].float)
    throw new TypeError(`mean needs a floating-point dtype, but got ${text(x)}. Cast it first: x.to("f32").`);
  const { n } = around(x.shape, axis);
  using wide = x.to("f32");
  using total = reduce("sum", wide, axis, keepdim);
  using average = total.div(n);
  return average.to(x.dtype);
}

/** Position (i32) of the first maximum along an axis, or in the flattened tensor. */
export function argmax(x: Tensor, axis?: number, keepdim = false): Tensor {
  const { outer, n, inner, rest } = around(x.shape, axis);
  if (n === 0) throw new RangeError(`argmax of no elements: ${text(x)}.`);
  using source = x.contiguous();
  const out = x.device.empty(kept(x, axis, rest, keepdim), "i32");
  rawOf(x.device).launch("argmax", [source.ref(), out.ref()], [codeOf(x.dtype), outer, n, inner]);
  return out;
}

/** Softmax along an axis, computed in f32. */
export function softmax(x: Tensor, axis = -1): Tensor {
  if (!dtypes[x.dtype].float)
    throw new TypeError(`softmax needs a floating-point dtype, but got ${text(x)}. Cast it first: x.to("f32").`);
  const at = checkAxis(axis, x.shape.length);
  const last = x.shape.length - 1;
  using turned = x.transpose(at, last);
  using packed = turned.contiguous();
  using source = packed.to("f32");
  using y = x.device.empty(source.shape, "f32");
  const columns = source.shape[last];
  const rows = columns === 0 ? 0 : source.size / columns;
  rawOf(x.device).launch("softmax", [source.ref(), y.ref()], [rows, columns]);
  using back = y.transpose(at, last);
  using result = back.contiguous();
  return result.to(x.dtype);
}

/**
 * Matrix product with torch.matmul's rules: vectors are rows or columns, leading axes
 * broadcast. Half formats are multiplied in f32 and rounded once.
 * @throws RangeError when the inner lengths differ, TypeError for integers.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  sameDType("matmul", a, b);
  if (!dtypes[a.dtype].float)
    throw new TypeError(`matmul needs a floating-point dtype, but got ${text(a)}. Cast it first: x.to("f32").`);
  if (a.shape.length === 0 || b.shape.length === 0)
    throw new RangeError(`matmul needs at least one axis, but got ${text(a)} and ${text(b)}.`);
  using left = a.shape.length === 1 ? a.reshape([1, a.size]) : a.view();
  using right = b.shape.length === 1 ? b.reshape([b.size, 1]) : b.view();
  const [m, k] = left.shape.slice(-2);
  const [k2, n] = right.shape.slice(-2);
  if (k !== k2) {
    throw new RangeError(
      `matmul of ${text(a)} and ${text(b)}: ${k} columns on the left meet ${k2} rows on the right; they must be equal.`,
    );
  }
  const batch = broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2));
  using l = left.to("f32");
  using r = right.to("f32");
  using out = a.device.empty([...batch, m, n], "f32");
  multiply(l, r, out, batch, [m, n, k]);
  const shape = [...batch, ...(a.shape.length === 1 ? [] : [m]), ...(b.shape.length === 1 ? [] : [n])];
  using result = out.reshape(shape);
  return result.to(a.dtype);
}

function multiply(a: Tensor, b: Tensor, out: Tensor, batch: Shape, [m, n, k]: number[]): void {
  const strides = [a, b].map((x) => broadcastStrides(x.shape.slice(0, -2), x.strides.slice(0, -2), batch));
  const matrix = (x: Tensor): number[] => x.strides.slice(-2);
  for (const {
    sizes,
    strides: [sa, sb],
    offsets,
    at,
  } of walks(batch, strides)) {
    const count = sizeOfShape(sizes);
    for (let i = 0; i < count; i++) {
      let rest = i;
      let oa = offsets[0];
      let ob = offsets[1];
      for (let axis = 3; axis >= 0; axis--) {
        const index = rest % sizes[axis];
        rest = (rest - index) / sizes[axis];
        oa += index * sa[axis];
        ob += index * sb[axis];
      }
      const refs = [a.ref(oa), b.ref(ob), out.ref((at + i) * m * n)];
      rawOf(out.device).launch("gemm", refs, [m, n, k, ...matrix(a), ...matrix(b), n, 0]);
    }
  }
}

/** All that tensors can compute, for the gate. */
export const operations: Operations<Tensor> = {
  unary,
  binary,
  cast,
  compare,
  convert,
  fill,
  reduce,
  mean,
  argmax,
  softmax,
  matmul,
};
