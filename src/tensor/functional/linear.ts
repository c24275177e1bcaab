/** Products with a weight: y = x Wᵀ + b, as torch.nn.functional.linear, and its two gradients. All f32. */

import { rawOf } from "../raw.ts";
import type { Tensor } from "../tensor.ts";
import { shaped, tensors } from "./check.ts";

/** Arguments of linear, f32. */
export interface Linear {
  /** [..., in] */
  readonly x: Tensor;
  /** [out, in] */
  readonly weight: Tensor;
  /** [out] */
  readonly bias?: Tensor;
}

/** y = x Wᵀ + b. @returns [..., out]. @throws RangeError for shapes that do not fit. */
export function linear(args: Linear): Tensor {
  const { x, weight, bias } = args;
  tensors("linear", { x, weight });
  const [out, width] = matrix("linear", weight);
  shaped("linear", "x", x, [...x.shape.slice(0, -1), width], "with as many columns as weight");
  if (bias) {
    tensors("linear", { bias });
    shaped("linear", "bias", bias, [out], "one for each row of weight");
  }
  return x.device.fused("linear", args, () => {
    const y = x.device.empty([...x.shape.slice(0, -1), out]);
    const rows = width === 0 ? y.size / Math.max(1, out) : x.size / width;
    if (bias) x.device.apply("convert", bias, y);
    product([x, weight, y], [rows, out, width], [width, 1, 1, width], Boolean(bias));
    return y;
  });
}

/** dx = dy W. @param args.dy [..., out] @returns [..., in] */
export function linearInput(args: { dy: Tensor; weight: Tensor }): Tensor {
  const { dy, weight } = args;
  tensors("linearInput", { dy, weight });
  const [out, width] = matrix("linearInput", weight);
  shaped("linearInput", "dy", dy, [...dy.shape.slice(0, -1), out], "with a column for each row of weight");
  return dy.device.fused("linearInput", args, () => {
    const dx = dy.device.empty([...dy.shape.slice(0, -1), width]);
    product(
      [dy, weight, dx],
      [out === 0 ? dx.size / Math.max(1, width) : dy.size / out, width, out],
      [out, 1, width, 1],
      false,
    );
    return dx;
  });
}

/** out = dyᵀ x, or out += if `add`. @param args.out [out, in] */
export function linearWeight(args: { dy: Tensor; x: Tensor; out: Tensor; add: boolean }): Tensor {
  const { dy, x, out, add } = args;
  tensors("linearWeight", { dy, x, out });
  const [rows, columns] = matrix("linearWeight", out);
  shaped("linearWeight", "dy", dy, [...x.shape.slice(0, -1), rows], "with a row for each of x");
  shaped("linearWeight", "x", x, [...dy.shape.slice(0, -1), columns], "with the columns of out");
  return dy.device.fused("linearWeight", args, () => {
    const tokens = rows > 0 ? dy.size / rows : 0;
    product([dy, x, out], [rows, columns, tokens], [1, rows, columns, 1], add);
    return out;
  });
}

function product(
  [a, b, c]: readonly Tensor[],
  [m, n, k]: readonly number[],
  strides: readonly number[],
  add: boolean,
): void {
  rawOf(c.device).launch("gemm", [a.ref(), b.ref(), c.ref()], [m, n, k, ...strides, n, Number(add)]);
}

function matrix(call: string, weight: Tensor): readonly [number, number] {
  if (weight.shape.length !== 2) throw new RangeError(`${call} takes a weight [out, in], but got ${weight}.`);
  return weight.shape as unknown as [number, number];
}
