/** Normalisation along the last axis, forward and backward. All f32. */

import { rawOf } from "../raw.ts";
import type { Tensor } from "../tensor.ts";
import { rowsOf, shaped, tensors } from "./check.ts";

/** Arguments of rmsNorm, f32. */
export interface RmsNorm {
  /** [..., cols] */
  readonly x: Tensor;
  /** [cols] */
  readonly weight: Tensor;
  readonly eps?: number;
}

/**
 * y = x / sqrt(mean(x²) + eps) · weight along the last axis (Zhang and Sennrich, 2019).
 * @returns y like x, and rstd [rows], the reciprocal roots, which the backward pass needs.
 */
export function rmsNorm(args: RmsNorm): { y: Tensor; rstd: Tensor } {
  const { x, weight, eps = 1e-5 } = args;
  tensors("rmsNorm", { x, weight });
  const { rows, cols } = rowsOf("rmsNorm", "x", x);
  shaped("rmsNorm", "weight", weight, [cols], "one for each column of x");
  return x.device.fused("rmsNorm", args, () => {
    const [y, rstd] = [x.device.empty(x.shape), x.device.empty([rows])];
    rawOf(x.device).launch("rmsNorm", [x.ref(), weight.ref(), y.ref(), rstd.ref()], [rows, cols, eps]);
    return { y, rstd };
  });
}

/** Arguments of its gradient, f32. */
export interface RmsNormBackward extends Omit<RmsNorm, "eps"> {
  /** As the forward pass gave it. */
  readonly rstd: Tensor;
  /** Like x. */
  readonly dy: Tensor;
  /** [cols], added to. */
  readonly dweight: Tensor;
}

/** @returns dx like x; `dweight` grows. */
export function rmsNormBackward(args: RmsNormBackward): Tensor {
  const { x, weight, rstd, dy, dweight } = args;
  tensors("rmsNormBackward", { x, weight, rstd, dy, dweight });
  const { rows, cols } = rowsOf("rmsNormBackward", "x", x);
  shaped("rmsNormBackward", "dy", dy, x.shape, "as x");
  shaped("rmsNormBackward", "rstd", rstd, [rows], "one for each row of x");
  for (const [name, each] of Object.entries({ weight, dweight }))
    shaped("rmsNormBackward", name, each, [cols], "one for each column of x");
  return x.device.fused("rmsNormBackward", args, () => {
    const dx = x.device.empty(x.shape);
    const refs = [x, weight, rstd, dy, dx, dweight].map((tensor) => tensor.ref());
    rawOf(x.device).launch("rmsNormBackward", refs, [rows, cols]);
    return dx;
  });
}

/** Arguments of layerNorm, f32. */
export interface LayerNorm extends RmsNorm {
  /** [cols] */
  readonly bias: Tensor;
}

/**
 * y = (x - mean) / sqrt(variance + eps) · weight + bias along the last axis (Ba, Kiros and Hinton, 2016).
 * @returns y like x; mean and rstd [rows], which the backward pass needs.
 */
export function layerNorm(args: LayerNorm): { y: Tensor; mean: Tensor; rstd: Tensor } {
  const { x, weight, bias, eps = 1e-5 } = args;
  tensors("layerNorm", { x, weight, bias });
  const { rows, cols } = rowsOf("layerNorm", "x", x);
  for (const [name, each] of Object.entries({ weight, bias }))
    shaped("layerNorm", name, each, [cols], "one for each column of x");
  return x.device.fused("layerNorm", args, () => {
    const [y, mean, rstd] = [x.device.empty(x.shape), x.device.empty([rows]), x.device.empty([rows])];
    const refs = [x, weight, bias, y, mean, rstd].map((tensor) => tensor.ref());
    rawOf(x.device).launch("layerNorm", refs, [rows, cols, eps]);
    return { y, mean, rstd };
  });
}

/** Arguments of its gradient, f32. */
export interface LayerNormBackward extends RmsNormBackward {
  /** As the forward pass gave it. */
  readonly mean: Tensor;
  /** [cols], added to. */
  readonly dbias: Tensor;
}

/** @returns dx like x; `dweight` and `dbias` grow. */
export function layerNormBackward(args: LayerNormBackward): Tensor {
  const { x, weight, mean, rstd, dy, dweight, dbias } = args;
  tensors("layerNormBackward", { x, weight, mean, rstd, dy, dweight, dbias });
  const { rows, cols } = rowsOf("layerNormBackward", "x", x);
  shaped("layerNormBackward", "dy", dy, x.shape, "as x");
  for (const [name, each] of Object.entries({ mean, rstd }))
    shaped("layerNormBackward", name, each, [rows], "one for each row of x");
  for (const [name, each] of Object.entries({ weight, dweight, dbias }))
    shaped("layerNormBackward", name, each, [cols], "one for each column of x");
  return x.device.fused("layerNormBackward", args, () => {
    const dx = x.device.empty(x.shape);
    const refs = [x, weight, mean, rstd, dy, dx, dweight, dbias].map((tensor) => tensor.ref());
    rawOf(x.device).launch("layerNormBackward", refs, [rows, cols]);
    return dx;
  });
}
