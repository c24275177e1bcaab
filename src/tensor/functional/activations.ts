/** Activations, rotary positions and dropout, forward and backward. All f32. */

import { rawOf } from "../raw.ts";
import type { Tensor } from "../tensor.ts";
import { shaped, tensors } from "./check.ts";

/** y = silu(gate) · up (Shazeer, 2020). All of one shape. */
export function swiglu(args: { gate: Tensor; up: Tensor }): Tensor {
  const { gate, up } = args;
  tensors("swiglu", { gate, up });
  shaped("swiglu", "up", up, gate.shape, "as gate");
  return gate.device.fused("swiglu", args, () => {
    const y = gate.device.empty(gate.shape);
    rawOf(gate.device).launch("swiglu", [gate.ref(), up.ref(), y.ref()], [gate.size]);
    return y;
  });
}

/** The gradients of gate and up. */
export function swigluBackward(args: { gate: Tensor; up: Tensor; dy: Tensor }): { dgate: Tensor; dup: Tensor } {
  const { gate, up, dy } = args;
  tensors("swigluBackward", args);
  shaped("swigluBackward", "up", up, gate.shape, "as gate");
  shaped("swigluBackward", "dy", dy, gate.shape, "as gate");
  return gate.device.fused("swigluBackward", args, () => {
    const [dgate, dup] = [gate.device.empty(gate.shape), gate.device.empty(gate.shape)];
    const refs = [gate, up, dy, dgate, dup].map((tensor) => tensor.ref());
    rawOf(gate.device).launch("swigluBackward", refs, [gate.size]);
    return { dgate, dup };
  });
}

/** The tanh form of GELU (Hendrycks and Gimpel, 2016), as GPT-2 has it. */
export function gelu(args: { x: Tensor }): Tensor {
  const { x } = args;
  tensors("gelu", { x });
  return x.device.fused("gelu", args, () => {
    const y = x.device.empty(x.shape);
    rawOf(x.device).launch("gelu", [x.ref(), y.ref()], [x.size]);
    return y;
  });
}

/** The gradient of x. */
export function geluBackward(args: { x: Tensor; dy: Tensor }): Tensor {
  const { x, dy } = args;
  tensors("geluBackward", { x, dy });
  shaped("geluBackward", "dy", dy, x.shape, "as x");
  return x.device.fused("geluBackward", args, () => {
    const dx = x.device.empty(x.shape);
    rawOf(x.device).launch("geluBackward", [x.ref(), dy.ref(), dx.ref()], [x.size]);
    return dx;
  });
}

/** y = x · sigmoid(x) (Elfwing, Uchibe and Doya, 2017). */
export function silu(args: { x: Tensor }): Tensor {
  const { x } = args;
  tensors("silu", { x });
  return x.device.fused("silu", args, () => {
    const y = x.device.empty(x.shape);
    rawOf(x.device).launch("silu", [x.ref(), y.ref()], [x.size]);
    return y;
  });
}

/** The gradient of x. */
export function siluBackward(args: { x: Tensor; dy: Tensor }): Tensor {
  const { x, dy } = args;
  tensors("siluBackward", { x, dy });
  shaped("siluBackward", "dy", dy, x.shape, "as x");
  return x.device.fused("siluBackward", args, () => {
    const dx = x.device.empty(x.shape);
    rawOf(x.device).launch("siluBackward", [x.ref(), dy.ref(), dx.ref()], [x.size]);
    return dx;
  });
}

/** Arguments of rope. All f32 but the positions. */
export interface Rope {
  /** [tokens, heads, dim] */
  readonly x: Tensor;
  /** i32 [tokens] */
  readonly position: Tensor;
  /** [positions, dim / 2] */
  readonly cos: Tensor;
  readonly sin: Tensor;
  /** Turns back: the gradient. */
  readonly back?: boolean;
}

/**
 * Rotary positions (Su et al., 2021), halves of a head against each other as Llama's are.
 * @throws KernelError, at the next wait, for a position that is not in the tables.
 */
export function rope(args: Rope): Tensor {
  const { x, position, cos, sin, back = false } = args;
  tensors("rope", { x, cos, sin });
  tensors("rope", { position }, "i32");
  if (x.shape.length !== 3) throw new RangeError(`rope takes x of shape [tokens, heads, dim], but got ${x}.`);
  const [count, heads, dim] = x.shape;
  const [positions] = cos.shape;
  shaped("rope", "position", position, [count], "one for each token");
  for (const [name, each] of Object.entries({ cos, sin }))
    shaped("rope", name, each, [positions, dim / 2], "a row for each position, half a head long");
  return x.device.fused("rope", args, () => {
    const y = x.device.empty(x.shape);
    const refs = [x, position, cos, sin, y].map((tensor) => tensor.ref());
    rawOf(x.device).launch("rope", refs, [count, heads, dim, positions, Number(back)]);
    return y;
  });
}

/** Where a part of a whole lies that ranks have cut: which rows of it, and which columns. */
export interface PartPlace {
  /** i32 [rows]: the place of each row, along axis 0, among those of the whole. */
  readonly rows: Tensor;
  /** Elements of a row of the whole. */
  readonly width: number;
  /** The first of them that this part has; 0 if not given. */
  readonly from?: number;
}

/** Arguments of dropout. x is f32 of any shape. */
export interface Dropout {
  readonly x: Tensor;
  /** Share that becomes 0; the rest is divided by 1 - p. */
  readonly p: number;
  /** Same seed and block, same mask: the backward pass is the same call on dy. */
  readonly seed: number;
  /** Counter block of the first four elements. */
  readonly block?: number;
  /** Which part of a whole x is: it gets that part of the whole's mask, however the whole was cut. */
  readonly place?: PartPlace;
}

/**
 * @throws RangeError for a share outside [0, 1), no seed, or a place that does not fit; KernelError, at the next wait, for a
 *   row below 0.
 */
export function dropout(args: Dropout): Tensor {
  const { x, p, seed, block = 0, place } = args;
  tensors("dropout", { x });
  if (!(p >= 0 && p < 1)) throw new RangeError(`dropout takes a share p from 0 to less than 1, but got ${p}.`);
  if (!Number.isSafeInteger(seed))
    throw new RangeError(`A seed is a whole number below 2^53, but this one is ${seed}.`);
  const columns = place && checkPlace(x, place, block);
  return x.device.fused("dropout", args, () => {
    const y = x.device.empty(x.shape);
    const key = [seed | 0, Math.floor(seed / 2 ** 32)];
    if (place && columns !== undefined) {
      const { rows, width, from = 0 } = place;
      rawOf(x.device).launch(
        "dropoutPart",
        [x.ref(), rows.ref(), y.ref()],
        [rows.size, columns, width, from, ...key, p],
      );
    } else {
      rawOf(x.device).launch("dropout", [x.ref(), y.ref()], [x.size, ...key, block, p]);
    }
    return y;
  });
}

/** Columns of a part. @throws RangeError for a place that does not fit the tensor. */
function checkPlace(x: Tensor, { rows, width, from = 0 }: PartPlace, block: number): number {
  tensors("dropout", { rows }, "i32");
  const [count] = x.shape;
  if (count === undefined) throw new RangeError("dropout of a part takes x with rows along axis 0, but x has no axis.");
  shaped("dropout", "rows", rows, [count], "one for each row of x");
  const columns = count === 0 ? 0 : x.size / count;
  const fits = [width, from].every((each) => Number.isSafeInteger(each) && each >= 0) && from + columns <= width;
  if (!fits) {
    throw new RangeError(
      `dropout of columns ${from} to ${from + columns} of a whole that is ${width} wide: a part lies inside its whole.`,
    );
  }
  if (block !== 0)
    throw new RangeError(`dropout of a part counts from the whole's first element, not from block ${block}.`);
  return columns;
}
