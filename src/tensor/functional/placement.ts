/** Writing into a part of a tensor, and multiplying by a number that the host has not read. */

import { codeOf } from "../../device/index.ts";
import { kindOf } from "../../platform/words.ts";
import { rawOf } from "../raw.ts";
import { walks } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { shaped, tensors } from "./check.ts";

/** What is written, and where. */
export interface Place {
  /** Contiguous. */
  readonly source: Tensor;
  /** A view of its shape and dtype, such as a slice of a larger tensor, with its axes in any order. */
  readonly target: Tensor;
  /** Adds to what is there: f32 only. */
  readonly add?: boolean;
}

/**
 * target = source, or target += source if `add`, where target is a view: the gradient of a slice, or a piece of a
 * concatenation. @returns the target.
 * @throws RangeError for another shape; TypeError for another dtype.
 */
export function place_(args: Place): Tensor {
  const { source, target, add = false } = args;
  if (!(target instanceof Tensor)) throw new TypeError(`place_ takes a tensor as target, but got ${kindOf(target)}.`);
  tensors("place_", { source }, add ? "f32" : target.dtype);
  if (add && target.dtype !== "f32") throw new TypeError(`place_ adds to f32 only, but the target is ${target}.`);
  shaped("place_", "source", source, target.shape, "as the target");
  return target.device.fused("place_", args, () => {
    for (const { sizes, strides, offsets, at } of walks(target.shape, [target.strides])) {
      const refs = [source.ref(at), target.ref(offsets[0])];
      const scalars = [...sizes, ...strides[0]];
      if (add) rawOf(target.device).launch("placeAdd", refs, scalars);
      else rawOf(target.device).launch("place", refs, [codeOf(target.dtype), ...scalars]);
    }
    return target;
  });
}

/**
 * y = x · factor, where factor is in memory: f32 [1] or []. Nothing waits.
 * @param args.inPlace writes y over x. @returns y like x.
 */
export function scaleBy(args: { x: Tensor; factor: Tensor; inPlace?: boolean }): Tensor {
  const { x, factor, inPlace = false } = args;
  tensors("scaleBy", { x, factor });
  if (factor.size !== 1) throw new RangeError(`scaleBy takes a factor of one element, but got ${factor}.`);
  return x.device.fused("scaleBy", args, () => {
    const y = inPlace ? x : x.device.empty(x.shape);
    rawOf(x.device).launch("scaleBy", [x.ref(), factor.ref(), y.ref()], [x.size]);
    return y;
  });
}
