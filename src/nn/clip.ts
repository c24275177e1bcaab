/** The norm of all gradients as of one vector, and clipping by it, without a wait for the host. */
import { functional as F, type Tensor, type TensorDevice } from "../tensor/index.ts";
import type { Parameter } from "./parameter.ts";

/** @returns norm, f32 [], and factor, f32 [1]: min(1, most / norm), for the optimizer's step. Parameters without a gradient do not count. */
export function gradientNorm(parameters: readonly Parameter[], most = Infinity): { norm: Tensor; factor: Tensor } {
  const gradients = parameters.flatMap(({ grad }) => (grad ? [grad] : []));
  const [first] = parameters;
  if (!first) throw new RangeError("gradientNorm takes at least one parameter.");
  const device = first.device as TensorDevice;
  if (gradients.length === 0) return { norm: device.zeros([]), factor: device.ones([1]) };
  return device.scope(() => {
    const wide = gradients.map((gradient) => (gradient.dtype === "f32" ? gradient : gradient.to("f32")));
    const both = F.gradNorm({ gradients: wide, most });
    return { norm: both.select(0, 0), factor: both.slice(0, 1, 2) };
  });
}

/** Scales all gradients so that their norm is at most `most`, as torch.nn.utils.clip_grad_norm_. @returns the norm before. */
export function clipGradNorm_(parameters: readonly Parameter[], most: number): Tensor {
  const [first] = parameters;
  const { norm, factor } = gradientNorm(parameters, most);
  (first.device as TensorDevice).noGrad(() => {
    for (const { grad } of parameters) grad?.mul_(grad.dtype === "f32" ? factor : factor.to(grad.dtype));
  });
  factor.dispose();
  return norm;
}
