/** What optimizers do to all parameters in one launch. All f32. */

import { rawOf } from "../raw.ts";
import type { Tensor } from "../tensor.ts";
import { shaped, tensors } from "./check.ts";

/**
 * The norm of all tensors as of one vector, and by what they are to be multiplied so that it is at most `most`.
 * @returns f32 [2]: the norm, and min(1, most / norm).
 */
export function gradNorm(args: { gradients: readonly Tensor[]; most?: number }): Tensor {
  const { gradients, most = Infinity } = args;
  const [first] = gradients;
  if (!first) throw new RangeError("gradNorm takes at least one tensor.");
  for (const [i, gradient] of gradients.entries()) tensors("gradNorm", { [`gradients[${i}]`]: gradient });
  return first.device.fused("gradNorm", args, () => {
    const out = first.device.empty([2]);
    const list = gradients.map((gradient) => ({ refs: [gradient.ref()], n: gradient.size }));
    rawOf(first.device).launchMany("gradNorm", list, [out.ref()], [Math.min(most, 3.4e38)]);
    return out;
  });
}

/** A parameter with what belongs to it: four f32 tensors of one shape. */
export interface AdamwEntry {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** The moments, which begin as zeros. */
  readonly first: Tensor;
  readonly second: Tensor;
}

/** Arguments of a step. */
export interface Adamw {
  readonly entries: readonly AdamwEntry[];
  /** f32 [1]: what gradients are multiplied by, such as the second element of gradNorm. */
  readonly factor: Tensor;
  readonly lr: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  readonly decay?: number;
  /** From 1. */
  readonly step: number;
}

/** One step of AdamW (Loshchilov and Hutter, 2019) on all entries, in place. */
export function adamw_(args: Adamw): void {
  const { entries, factor, lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, decay = 0.01, step } = args;
  const [head] = entries;
  if (!head) return;
  if (!(Number.isInteger(step) && step >= 1)) throw new RangeError(`adamw_ counts its steps from 1, but got ${step}.`);
  tensors("adamw_", { factor });
  for (const { parameter, ...others } of entries) {
    tensors("adamw_", { parameter, ...others });
    for (const [name, each] of Object.entries(others))
      shaped("adamw_", name, each, parameter.shape, "as its parameter");
  }
  head.parameter.device.fused("adamw_", args, () => {
    const list = entries.map(({ parameter, gradient, first, second }) => ({
      refs: [parameter, gradient, first, second].map((tensor) => tensor.ref()),
      n: parameter.size,
    }));
    const corrections = [1 - beta1 ** step, 1 - beta2 ** step];
    rawOf(head.parameter.device).launchMany(
      "adamw",
      list,
      [factor.ref()],
      [lr, beta1, beta2, eps, decay, ...corrections],
    );
    return {};
  });
}
