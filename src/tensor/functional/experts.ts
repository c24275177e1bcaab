/** Products of a mixture of experts: rows sorted by expert meet the weight of theirs. All f32 but the boundaries. */

import { rawOf } from "../raw.ts";
import type { Tensor } from "../tensor.ts";
import { shaped, tensors } from "./check.ts";

/** Arguments of the product. */
export interface ExpertLinear {
  /** f32 [rows, in]: the rows of expert 0, then those of expert 1, and so on. */
  readonly x: Tensor;
  /** One for each expert, f32 [out, in]. */
  readonly weights: readonly Tensor[];
  /** i32 [experts + 1]: where the rows of each expert begin, and the end of the last. */
  readonly starts: Tensor;
}

/** y = x Wᵀ with the weight of each row's expert. @returns [rows, out]. @throws KernelError, at the next wait, for rows that do not exist. */
export function expertLinear(args: ExpertLinear): Tensor {
  const { x, weights, starts } = args;
  const [rows, input, output] = formOf("expertLinear", { x }, "in", weights, starts);
  return x.device.fused("expertLinear", args, () => {
    const y = x.device.empty([rows, output]);
    launch("expertsForward", weights, [starts, x, y], [rows, input, output]);
    return y;
  });
}

/** dx = dy W with the weight of each row's expert. @param args.dy [rows, out] @returns [rows, in] */
export function expertLinearInput(args: { dy: Tensor; weights: readonly Tensor[]; starts: Tensor }): Tensor {
  const { dy, weights, starts } = args;
  const [rows, input, output] = formOf("expertLinearInput", { dy }, "out", weights, starts);
  return dy.device.fused("expertLinearInput", args, () => {
    const dx = dy.device.empty([rows, input]);
    launch("expertsInput", weights, [starts, dy, dx], [rows, input, output]);
    return dx;
  });
}

/** dW += dyᵀ x over the rows of each expert. @param args.dweights one for each expert, [out, in], added to. */
export function expertLinearWeight(args: {
  dy: Tensor;
  x: Tensor;
  dweights: readonly Tensor[];
  starts: Tensor;
}): readonly Tensor[] {
  const { dy, x, dweights, starts } = args;
  const [rows, input, output] = formOf("expertLinearWeight", { dy }, "out", dweights, starts);
  tensors("expertLinearWeight", { x });
  shaped("expertLinearWeight", "x", x, [rows, input], "with a row for each of dy");
  return dy.device.fused("expertLinearWeight", args, () => {
    launch("expertsWeight", dweights, [starts, dy, x], [rows, input, output]);
    return dweights;
  });
}

function launch(
  kernel: "expertsForward" | "expertsInput" | "expertsWeight",
  weights: readonly Tensor[],
  buffers: readonly Tensor[],
  sizes: readonly number[],
): void {
  const list = weights.map((weight) => ({ refs: [weight.ref()], n: weight.size }));
  const refs = buffers.map((tensor) => tensor.ref());
  rawOf(buffers[0].device).launchMany(kernel, list, refs, sizes);
}

/** Checks a call. @returns rows, in, out. */
function formOf(
  call: string,
  named: Readonly<Record<string, Tensor>>,
  side: "in" | "out",
  weights: readonly Tensor[],
  starts: Tensor,
): readonly [number, number, number] {
  const [[name, x]] = Object.entries(named);
  if (weights.length === 0) throw new RangeError(`${call} takes the weight of at least one expert.`);
  tensors(call, named);
  tensors(call, Object.fromEntries(weights.map((weight, i) => [`weights[${i}]`, weight])));
  tensors(call, { starts }, "i32");
  const [output, input] = weights[0].shape;
  for (const [i, weight] of weights.entries())
    shaped(call, `weights[${i}]`, weight, [output, input], "as that of the first expert");
  shaped(call, "starts", starts, [weights.length + 1], "the experts' boundaries");
  shaped(call, name, x, [x.shape[0], side === "in" ? input : output], "with the columns of the weights");
  return [x.shape[0], input, output];
}
