/** What the tape does not take. */
import { type DType, dtypes } from "../device/index.ts";
import { edgeOf, Tensor } from "../tensor/index.ts";

/** @throws TypeError for a dtype that has no gradients. */
export function checkFloat(tensor: Tensor, dtype: DType): void {
  if (!dtypes[dtype].float)
    throw new TypeError(`${tensor} cannot have a gradient: only floating-point tensors have one.`);
}

/** An operation that has no derivative here must not cut gradients off in silence. @throws Error when it would. */
export function refuseTracked(operation: string, args: object): void {
  for (const [name, arg] of Object.entries(args)) {
    if (!(arg instanceof Tensor && edgeOf(arg))) continue;
    throw new Error(
      `${operation} has no derivative, but gradients are wanted of its argument ${name}, ${arg}. ` +
        "Call it inside device.noGrad(() => …), or on a detach().",
    );
  }
}
