/** What broadcasting means backward: an element that was read many times gets the sum of the gradients. */
import { type Shape, sameShape, type Tensor } from "../../tensor/index.ts";

/** Sums a gradient over the axes that were stretched from `shape`. */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  let sum = gradient;
  const missing = gradient.shape.length - shape.length;
  for (let axis = 0; axis < missing; axis++) sum = sum.sum(0);
  for (const [axis, length] of shape.entries()) {
    if (length === 1 && sum.shape[axis] !== 1) sum = sum.sum(axis, true);
  }
  return sum;
}

/** A contiguous tensor of `shape` that repeats a smaller one. */
export function stretch(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  return x.device.apply("convert", x, x.device.empty(shape, x.dtype));
}
