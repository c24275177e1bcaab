/** Derivatives of views: the gradient goes back to where the elements came from, and to the others goes nothing. */
import { type Shape, sizeOfShape, type Tensor } from "../../tensor/index.ts";
import { type Derivative, derivative, type Gradients } from "../derivative.ts";

type ViewArgs = readonly [source: Tensor, ...details: number[]];

function view(back: (c: Gradients<ViewArgs>) => Tensor): Derivative {
  return derivative({ inputs: ([source]: ViewArgs) => [source], backward: (c) => c.give(0, back(c)) });
}

/** Zeros of a shape, with a gradient where a part of one axis was. */
function padded(gradient: Tensor, shape: Shape, axis: number, from: number): Tensor {
  const whole = gradient.device.apply("fill", gradient.device.empty(shape, gradient.dtype), 0);
  const outer = sizeOfShape(shape.slice(0, axis));
  const runs = whole.reshape([outer, sizeOfShape(shape) / outer]);
  const inner = sizeOfShape(shape.slice(axis + 1));
  const rows = gradient.reshape([outer, gradient.size / outer]);
  for (let i = 0; i < outer; i++) {
    const at = from * inner;
    runs
      .select(0, i)
      .slice(0, at, at + rows.shape[1])
      .copy_(rows.select(0, i));
  }
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
