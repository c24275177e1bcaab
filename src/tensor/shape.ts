/** Arithmetic of shapes and strides; strides count elements. */
import { kindOf } from "../platform/words.ts";

export type Shape = readonly number[];

/** Number of elements. */
export function sizeOfShape(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** Strides of a tensor whose elements lie next to each other, last axis fastest. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

/** Whether elements lie next to each other in order; axes of length 1 may have any stride. */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 0) return true;
    if (shape[axis] !== 1 && strides[axis] !== step) return false;
    step *= shape[axis];
  }
  return true;
}

/** @throws TypeError unless this is a list; RangeError unless every length is a whole number from 0. */
export function checkShape(shape: Shape): void {
  if (!Array.isArray(shape)) {
    const meant = typeof shape === "number" ? ` Write [${shape}].` : "";
    throw new TypeError(`${kindOf(shape)} is not a shape: a shape is a list of lengths.${meant}`);
  }
  for (const length of shape) {
    if (!Number.isInteger(length) || length < 0) {
      throw new RangeError(`[${shape}] is not a shape: every length must be a whole number from 0.`);
    }
  }
}

/** Axis with negative ones counted from the end. @throws RangeError when there is none. */
export function checkAxis(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || at < 0 || at >= rank) {
    throw new RangeError(`Axis ${axis} does not exist in a tensor of ${rank} ${rank === 1 ? "axis" : "axes"}.`);
  }
  return at;
}

/**
 * The shape two operands broadcast to: axes are matched from the last, and a length of 1
 * stretches (NumPy's rule).
 * @throws RangeError naming both shapes.
 */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(
        `Shapes [${a}] and [${b}] do not broadcast: axis ${i} of the result would be ${x} and ${y}.`,
      );
    }
    return x === 1 ? y : x;
  });
}

/** Strides that read a tensor as if it had the larger shape: 0 along stretched axes. */
export function broadcastStrides(shape: Shape, strides: readonly number[], to: Shape): number[] {
  const missing = to.length - shape.length;
  return to.map((length, i) => (i < missing || (shape[i - missing] === 1 && length !== 1) ? 0 : strides[i - missing]));
}

/** One launch of a kernel that walks four axes: lengths, one stride list per operand, first elements. */
export interface Walk {
  readonly sizes: readonly number[];
  readonly strides: readonly (readonly number[])[];
  readonly offsets: readonly number[];
  /** First element of the (contiguous) result. */
  readonly at: number;
}

/**
 * Walks a shape in as few launches as possible: neighbouring axes that all operands cross
 * in one stride are folded into one, and what is left beyond four axes is looped over here.
 */
export function* walks(shape: Shape, operands: readonly (readonly number[])[]): Generator<Walk> {
  if (sizeOfShape(shape) === 0) return;
  const { sizes, strides } = fold(shape, operands);
  const outer = Math.max(0, sizes.length - 4);
  const pad = Math.max(0, 4 - sizes.length);
  const inner = [...Array<number>(pad).fill(1), ...sizes.slice(outer)];
  const innerStrides = strides.map((list) => [...Array<number>(pad).fill(0), ...list.slice(outer)]);
  const step = sizeOfShape(inner);
  const index = Array<number>(outer).fill(0);
  for (let at = 0; ; at += step) {
    const offsets = strides.map((list) => index.reduce((sum, i, axis) => sum + i * list[axis], 0));
    yield { sizes: inner, strides: innerStrides, offsets, at };
    let axis = outer - 1;
    while (axis >= 0 && ++index[axis] === sizes[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}

function fold(shape: Shape, operands: readonly (readonly number[])[]) {
  const sizes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const last = sizes.length - 1;
    const joins = last >= 0 && operands.every((list, i) => strides[i][last] === list[axis] * length);
    if (joins) {
      sizes[last] *= length;
      strides.forEach((list, i) => {
        list[last] = operands[i][axis];
      });
    } else {
      sizes.push(length);
      for (const [i, list] of strides.entries()) list.push(operands[i][axis]);
    }
  });
  return { sizes, strides };
}
