/** What every fused function asks of its tensors, in the words of the call. */
import type { DType } from "../../device/index.ts";
import { kindOf } from "../../platform/words.ts";
import { type Shape, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";

/**
 * Checks that arguments are contiguous tensors of a dtype.
 * @throws TypeError for anything that is not a tensor, or has another dtype; RangeError for scattered elements.
 */
export function tensors(call: string, args: Readonly<Record<string, Tensor>>, dtype: DType = "f32"): void {
  for (const [name, tensor] of Object.entries(args)) {
    if (!(tensor instanceof Tensor))
      throw new TypeError(`${call} takes a tensor as ${name}, but got ${kindOf(tensor)}.`);
    if (tensor.dtype !== dtype) {
      throw new TypeError(
        `${call} takes ${name} as ${dtype}, but got ${tensor}. Cast it first: ${name}.to("${dtype}").`,
      );
    }
    if (!tensor.isContiguous) {
      throw new RangeError(`${call} takes ${name} with its elements next to each other: use ${name}.contiguous().`);
    }
  }
}

/** @throws RangeError unless a tensor has this shape. @param as whose shape that is, for the message. */
export function shaped(call: string, name: string, tensor: Tensor, shape: Shape, as: string): void {
  if (sameShape(tensor.shape, shape)) return;
  throw new RangeError(`${call} takes ${name} of shape [${shape}], ${as}, but got ${tensor}.`);
}

/** Rows of the last axis. @throws RangeError for a tensor without axes. */
export function rowsOf(call: string, name: string, x: Tensor): { rows: number; cols: number } {
  const cols = x.shape.at(-1);
  if (cols === undefined) throw new RangeError(`${call} works along the last axis of ${name}, but ${x} has none.`);
  return { rows: cols === 0 ? 0 : x.size / cols, cols };
}
