/** What optimizers do to all parameters in one launch. All f32. */

import { runsOf } from "../../device/index.ts";
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
    const runs = runsOf(gradients.map(({ size }) => size));
    using sums = first.device.empty([2 * (gradients.length + runs)]); // f64: one for each run, and by bounds a few more
    rawOf(first.device).launchMany("squares", list, [sums.ref()], []);
    rawOf(first.device).launch("gradNorm", [sums.ref(), out.ref()], [runs, Math.min(most, 3.4e38)]);
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
  adamLike("adamw", args);
}

/** One step of Adam (Kingma and Ba, 2015) on all entries, in place: decay · parameter is added to the gradient. */
export function adam_(args: Adamw): void {
  adamLike("adam", args);
}

/** A parameter in bf16 with its f32 master, which the steps move. */
export interface AdamwMasterEntry extends AdamwEntry {
  /** bf16: what the model computes with. */
  readonly parameter: Tensor;
  /** f32, of the parameter's shape, like the rest. */
  readonly master: Tensor;
}

/** Arguments of a step with masters. */
export interface AdamwMaster extends Adamw {
  readonly entries: readonly AdamwMasterEntry[];
}

/** One step of AdamW on all masters, in place; each parameter becomes its master, rounded, in the same pass. */
export function adamwMaster_(args: AdamwMaster): void {
  const { entries } = args;
  checkStep("adamwMaster_", args);
  for (const { parameter, ...others } of entries) {
    tensors("adamwMaster_", { parameter }, "bf16");
    checkEntry("adamwMaster_", parameter, others);
  }
  entries[0]?.parameter.device.fused("adamwMaster_", args, () => {
    const list = entries.map(({ parameter, master, gradient, first, second }) => [
      master,
      gradient,
      first,
      second,
      parameter,
    ]);
    launchAdam("adamwMaster", list, args);
    return {};
  });
}

function adamLike(kernel: "adam" | "adamw", args: Adamw): void {
  const { entries } = args;
  const call = `${kernel}_`;
  checkStep(call, args);
  for (const { parameter, ...others } of entries) {
    tensors(call, { parameter });
    checkEntry(call, parameter, others);
  }
  entries[0]?.parameter.device.fused(call, args, () => {
    const list = entries.map(({ parameter, gradient, first, second }) => [parameter, gradient, first, second]);
    launchAdam(kernel, list, args);
    return {};
  });
}

function checkStep(call: string, { step, factor }: Adamw): void {
  if (!(Number.isInteger(step) && step >= 1)) throw new RangeError(`${call} counts its steps from 1, but got ${step}.`);
  tensors(call, { factor });
  shaped(call, "factor", factor, [1], "one number for all");
}

function checkEntry(call: string, parameter: Tensor, others: Readonly<Record<string, Tensor>>): void {
  tensors(call, others);
  for (const [name, each] of Object.entries(others)) shaped(call, name, each, parameter.shape, "as its parameter");
}

function launchAdam(kernel: "adam" | "adamw" | "adamwMaster", entries: readonly Tensor[][], args: Adamw): void {
  const { factor, lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, decay = kernel === "adam" ? 0 : 0.01, step } = args;
  const list = entries.map((each) => ({ refs: each.map((tensor) => tensor.ref()), n: each[0].size }));
  const scalars = [lr, beta1, beta2, eps, decay, 1 - beta1 ** step, 1 - beta2 ** step];
  rawOf(factor.device).launchMany(kernel, list, [factor.ref()], scalars);
}
