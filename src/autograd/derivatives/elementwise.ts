/** Derivatives of what works element by element: arithmetic, functions of one number, other dtypes. */
import type { BinaryOp, DType, UnaryOp } from "../../device/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { type Derivative, derivative } from "../derivative.ts";
import { sumTo } from "./sum-to.ts";

/** Of a function of one number: what it needs, its argument or its value, and dx from that and dy. */
interface Slope {
  readonly needs: "x" | "y" | "none";
  readonly dx: (dy: Tensor, kept: Tensor) => Tensor;
}

/** 1 where a comparison holds, in the dtype of the gradient. */
function mask(holds: Tensor, like: Tensor): Tensor {
  return holds.to(like.dtype);
}

const slopes: Readonly<Partial<Record<UnaryOp, Slope>>> = {
  neg: { needs: "none", dx: (dy) => dy.neg() },
  abs: { needs: "x", dx: (dy, x) => dy.mul(mask(x.gt(0), dy).sub(mask(x.lt(0), dy))) },
  exp: { needs: "y", dx: (dy, y) => dy.mul(y) },
  log: { needs: "x", dx: (dy, x) => dy.div(x) },
  sqrt: { needs: "y", dx: (dy, y) => dy.div(y).mul(0.5) },
  tanh: { needs: "y", dx: (dy, y) => dy.mul(y.mul(y).neg().add(1)) },
  relu: { needs: "y", dx: (dy, y) => dy.mul(mask(y.gt(0), dy)) },
  sigmoid: { needs: "y", dx: (dy, y) => dy.mul(y).mul(y.neg().add(1)) },
};

/** What a call of `binary` was handed. */
type BinaryArgs = readonly [op: BinaryOp, a: Tensor, b: Tensor | number, out?: Tensor];

/** Operators whose gradients depend on the operands. */
const needOperands: readonly BinaryOp[] = ["mul", "div", "minimum", "maximum"];

/** The gradient of one operand, before it is summed to the operand's shape. */
function operandGradient(op: BinaryOp, input: 0 | 1, dy: Tensor, a: () => Tensor, b: () => Tensor | number): Tensor {
  switch (op) {
    case "add":
      return dy;
    case "sub":
      return input === 0 ? dy : dy.neg();
    case "mul":
      return dy.mul(input === 0 ? b() : a());
    case "div": {
      if (input === 0) return dy.div(b());
      const divisor = b() as Tensor;
      return dy.mul(a()).div(divisor.mul(divisor)).neg();
    }
    case "minimum":
    case "maximum": {
      // Where both are equal, each has half: the one that it would be is not known.
      const [x, y] = [a(), b()];
      const wins = op === "maximum" ? (input === 0 ? x.gt(y) : x.lt(y)) : input === 0 ? x.lt(y) : x.gt(y);
      return dy.mul(mask(wins, dy).add(mask(x.eq(y), dy).mul(0.5)));
    }
    default:
      throw new Error(`${op} has no derivative.`);
  }
}

/** By operation. */
export const elementwise: Readonly<Record<string, Derivative | null>> = {
  unary: derivative({
    inputs: ([, x]: readonly [UnaryOp, Tensor]) => [x],
    save: ([op, x], y: Tensor) => {
      const needs = slopes[op]?.needs;
      return needs === "x" ? [x] : needs === "y" ? [y] : [];
    },
    backward: (c) => {
      const [op] = c.args;
      const slope = slopes[op];
      if (!slope) throw new Error(`${op} has no derivative.`);
      c.give(0, slope.dx(c.dy(), slope.needs === "none" ? c.dy() : c.saved(0)));
    },
  }),
  binary: derivative({
    inputs: ([, a, b]: BinaryArgs) => [a, typeof b === "number" ? undefined : b],
    save: ([op, a, b], _y: Tensor, wants) => {
      if (!needOperands.includes(op)) return [];
      const both = op === "minimum" || op === "maximum";
      const second = typeof b === "number" ? undefined : b;
      return [wants(1) || both ? a : undefined, wants(0) || both || op === "div" ? second : undefined];
    },
    backward: (c) => {
      const [op, a, b] = c.args;
      const second = (): Tensor | number => (typeof b === "number" ? b : c.saved(1));
      for (const input of [0, 1] as const) {
        const operand = input === 0 ? a : b;
        if (typeof operand === "number" || !c.wants(input)) continue;
        c.give(
          input,
          sumTo(
            operandGradient(op, input, c.dy(), () => c.saved(0), second),
            operand.shape,
          ),
        );
      }
    },
  }),
  cast: derivative({
    inputs: ([x]: readonly [Tensor, DType]) => [x],
    // A weight of a half format may add its gradients up in f32, which is not rounded on the way then.
    backward: (c) => c.give(0, c.dy().to(c.gradDType(0) ?? c.args[0].dtype)),
  }),
  compare: null,
  fill: null,
  convert: null,
};
