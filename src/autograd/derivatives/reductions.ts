/** Derivatives of reductions along one axis, or over all elements. */
import type { ReduceOp } from "../../device/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { type Derivative, derivative } from "../derivative.ts";
import { stretch } from "./sum-to.ts";

type ReduceArgs = readonly [op: ReduceOp, x: Tensor, axis: number | undefined, keepdim: boolean];
type MeanArgs = readonly [x: Tensor, axis: number | undefined, keepdim: boolean];

/** A result as if its axis had been kept, so that it broadcasts against the operand. */
function kept(result: Tensor, x: Tensor, axis: number | undefined): Tensor {
  const at = axis === undefined ? undefined : axis < 0 ? axis + x.shape.length : axis;
  return result.reshape(x.shape.map((length, i) => (at === undefined || i === at ? 1 : length)));
}

/**
 * Of each element the product of all others along an axis, without dividing: an element may be 0.
 * Products from the left times products from the right.
 */
function othersAlong(x: Tensor, axis: number): Tensor {
  const whole = x.device.apply("fill", x.device.empty(x.shape, x.dtype), 1);
  const turned = whole.transpose(0, axis).contiguous();
  const source = x.transpose(0, axis);
  const length = source.shape[0];
  for (const step of [1, -1]) {
    let product: Tensor | undefined;
    for (let i = step > 0 ? 0 : length - 1; i >= 0 && i < length; i += step) {
      if (product) turned.select(0, i).mul_(product);
      product = product ? product.mul(source.select(0, i)) : source.select(0, i);
    }
  }
  return turned.transpose(0, axis);
}

/** By operation. */
export const reductions: Readonly<Record<string, Derivative | null>> = {
  reduce: derivative({
    inputs: ([, x]: ReduceArgs) => [x],
    save: ([op, x], y: Tensor) => (op === "sum" ? [] : op === "product" ? [x] : [x, y]),
    backward: (c) => {
      const [op, shape, axis] = c.args;
      const dy = kept(c.dy(), shape, axis);
      if (op === "sum") return c.give(0, stretch(dy, shape.shape));
      const x = c.saved(0);
      if (op === "product") {
        const flat = axis === undefined ? x.flatten() : x;
        const others = othersAlong(flat, axis === undefined ? 0 : axis < 0 ? axis + x.shape.length : axis);
        return c.give(0, others.reshape(x.shape).mul(dy));
      }
      // A minimum or maximum that several elements share: each has its part.
      const hits = x.eq(kept(c.saved(1), shape, axis)).to(dy.dtype);
      c.give(0, hits.mul(dy).div(hits.sum(axis, axis !== undefined)));
    },
  }),
  mean: derivative({
    inputs: ([x]: MeanArgs) => [x],
    backward: (c) => {
      const [x, axis] = c.args;
      const dy = kept(c.dy(), x, axis);
      c.give(0, stretch(dy.mul(dy.size / x.size), x.shape));
    },
  }),
  softmax: derivative({
    inputs: ([x]: readonly [Tensor, number]) => [x],
    save: (_, y: Tensor) => [y],
    backward: (c) => {
      const product = c.dy().mul(c.saved(0));
      const [, axis] = c.args;
      c.give(0, product.sub(c.saved(0).mul(product.sum(axis, true))));
    },
  }),
  argmax: null,
};
