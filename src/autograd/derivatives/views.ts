/** Derivatives of views: the gradient goes back to where the elements came from, and to the others goes nothing. */
import { functional, type Shape, type Tensor } from "../../tensor/index.ts";
import { type Derivative, derivative, type Gradients } from "../derivative.ts";

type ViewArgs = readonly [source: Tensor, ...details: number[]];

function view(back: (c: Gradients<ViewArgs>) => Tensor): Derivative {
  return derivative({ inputs: ([source]: ViewArgs) => [source], backward: (c) => c.give(0, back(c)) });
}

/** Zeros of a shape, with a gradient where a part of one axis was. */
function padded(gradient: Tensor, shape: Shape, axis: number, from: number): Tensor {
  const whole = gradient.device.apply("fill", gradient.device.empty(shape, gradient.dtype), 0);
  functional.place_({ source: gradient.contiguous(), target: whole.slice(axis, from, from + gradient.shape[axis]) });
  return whole;
}

/** By operation. */
export const views: Readonly<Record<string, Derivative>> = {
  view: view((c) => c.dy()),
  reshape: view((c) => c.dy().reshape(c.args[0].shape)),
  permute: view((c) => {
    const [, ...order] = c.args;
    return c.dy().permute(order.map((_, axis) => order.indexOf(axis)));
  }),
  slice: view((c) => {
    const [source, axis, from] = c.args;
    return padded(c.dy(), source.shape, axis, from);
  }),
  select: view((c) => {
    const [source, axis, index] = c.args;
    return padded(c.dy().unsqueeze(axis), source.shape, axis, index);
  }),
  unsqueeze: view((c) => c.dy().reshape(c.args[0].shape)),
};
