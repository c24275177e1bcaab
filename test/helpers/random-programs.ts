/**
 * Random programs over tensors, for fast-check: straight lines of operations that read any value made before them, with
 * blocks in between that are recomputed, scoped or without gradients. They run on whatever has the operations, so that a
 * device can be compared with its twin.
 */
import fc from "fast-check";
import { broadcastShapes, type Shape, sizeOfShape } from "../../src/tensor/shape.ts";

/** One line. Numbers are taken modulo what there is to choose from, so that every program is valid. */
export interface Line {
  readonly op: (typeof operations)[number];
  readonly a: number;
  readonly b: number;
  /** Axis, or a place. */
  readonly at: number;
  /** Lines of a block; none in other operations. */
  readonly body: readonly Line[];
}

/** Operations on arrays, as tensors and their twin have them. */
export interface Numbers<T> {
  readonly shape: Shape;
  add(other: T | number): T;
  sub(other: T | number): T;
  mul(other: T | number): T;
  tanh(): T;
  softmax(axis?: number): T;
  sum(axis?: number, keepdim?: boolean): T;
  mean(axis?: number, keepdim?: boolean): T;
  matmul(other: T): T;
  reshape(shape: Shape): T;
  transpose(a?: number, b?: number): T;
  slice(axis: number, from: number, to: number): T;
}

/** What the two do each in their own way. */
export interface Special<T> {
  linear(x: T, weight: T): T;
  detach(x: T): T;
  /** Rows 2, 0 and 2 again, of at least three. */
  rows(table: T): T;
  /** Runs a function of tensors that gives a new one. */
  block(kind: (typeof blocks)[number], body: (...inputs: T[]) => T, inputs: readonly T[]): T;
}

const blocks = ["recompute", "scope", "noGrad"] as const;
const plain = [
  "add",
  "sub",
  "mul",
  "tanh",
  "softmax",
  "sum",
  "mean",
  "matmul",
  "linear",
  "reshape",
  "transpose",
  "slice",
  "rows",
  "detach",
] as const;
const operations = [...plain, ...blocks] as const;

const place = fc.nat(1000);

function lineOf(depth: number): fc.Arbitrary<Line> {
  const simple = fc.record({
    op: fc.constantFrom(...plain),
    a: place,
    b: place,
    at: place,
    body: fc.constant<readonly Line[]>([]),
  });
  if (depth === 0) return simple;
  const block = fc.record({
    op: fc.constantFrom("recompute" as const, "recompute" as const, ...blocks),
    a: place,
    b: place,
    at: place,
    body: fc.array(lineOf(depth - 1), { minLength: 1, maxLength: 6 }),
  });
  return fc.oneof({ arbitrary: simple, weight: 4 }, { arbitrary: block, weight: 1 });
}

/** Programs with blocks in blocks. */
export const programs: fc.Arbitrary<readonly Line[]> = fc.array(lineOf(2), { minLength: 2, maxLength: 14 });

/** Whether two shapes broadcast to something that is still small. */
function fits(a: Shape, b: Shape): boolean {
  try {
    return sizeOfShape(broadcastShapes(a, b)) <= 128;
  } catch {
    return false;
  }
}

function multiply({ length: n }: Shape, a: Shape, b: Shape): boolean {
  return n > 0 && b.length > 0 && a[n - 1] === b[Math.max(0, b.length - 2)] && fits(a.slice(0, -2), b.slice(0, -2));
}

/** One line, or tanh where it does not fit its operands. */
function compute<T extends Numbers<T>>({ op, a, b, at, body }: Line, values: readonly T[], special: Special<T>): T {
  const [x, y] = [values[a % values.length], values[b % values.length]];
  const { shape } = x;
  const axis = shape.length === 0 ? 0 : at % shape.length;
  switch (op) {
    case "add":
    case "sub":
    case "mul":
      return fits(shape, y.shape) ? x[op](at % 5 === 0 ? (at % 7) - 3 : y) : x.tanh();
    case "sum":
    case "mean":
      return at % 4 === 0 || shape.length === 0 ? x[op]() : x[op](axis, at % 3 === 0);
    case "softmax":
      return shape.length > 0 ? x.softmax(axis) : x.tanh();
    case "matmul":
      return multiply(shape, shape, y.shape) ? x.matmul(y) : x.tanh();
    case "linear":
      return shape.length > 0 && y.shape.length === 2 && shape[shape.length - 1] === y.shape[1]
        ? special.linear(x, y)
        : x.tanh();
    case "reshape":
      return x.reshape(at % 2 ? [sizeOfShape(shape)] : shape.length < 3 ? shape.toSpliced(at % (shape.length + 1), 0, 1) : shape); // biome-ignore format: one choice
    case "transpose":
      return shape.length > 1 ? x.transpose(axis, (axis + 1) % shape.length) : x.tanh();
    case "slice": {
      if (shape.length === 0) return x.tanh();
      const from = b % shape[axis];
      return x.slice(axis, from, from + 1 + (at % (shape[axis] - from)));
    }
    case "rows":
      return shape.length === 2 && shape[0] >= 3 ? special.rows(x) : x.tanh();
    case "detach":
      return special.detach(x);
    case "tanh":
      return x.tanh();
    default: {
      const outer = values.slice(0, 3); // read without being handed in, as weights are
      const inner = (...inputs: T[]): T =>
        run(body, [...inputs, ...outer], special)
          .at(-1)
          ?.mul(0.5) as T;
      return special.block(op, inner, [x, y]);
    }
  }
}

/** Runs a program. @returns the leaves, and the result of each line. */
export function run<T extends Numbers<T>>(program: readonly Line[], leaves: readonly T[], special: Special<T>): T[] {
  const values = [...leaves];
  for (const line of program) values.push(compute(line, values, special));
  return values;
}

/** The loss of a program: the last few values, weighed differently, so that what leads nowhere else is a dead end. */
export function lossOf<T extends Numbers<T>>(values: readonly T[], count: number): T {
  return values
    .slice(-count)
    .map((value, i) => value.mul(i + 1).sum())
    .reduce((a, b) => a.add(b));
}
