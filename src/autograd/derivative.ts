/**
 * What a derivative is: which tensors of a call gradients flow to, what the call must save for it, and how the
 * gradients follow. Derivatives stand in tables, by the name of the operation (derivatives/).
 *
 * A derivative is asked in one go, or in two halves: first for the gradients of activations, on which others
 * wait, then for those of weights, for which there is time. It looks at `wants` to know which.
 */
import type { DType } from "../device/index.ts";
import type { Shape, Tensor, TensorDevice } from "../tensor/index.ts";

/** One pass over one operation: what has arrived, and what is wanted. */
export interface Gradients<A = never> {
  readonly device: TensorDevice;
  /** As the operation was called. Elements may be gone: what is needed was saved. */
  readonly args: A;
  /** The gradient of an output: of the only one, if none is named. */
  dy(output?: number): Tensor;
  /** Whether a gradient of this output has arrived. */
  has(output: number): boolean;
  /** A saved value, by its place in what `save` returned. @throws Error when it was changed since. */
  saved(index: number): Tensor;
  /** Whether the gradient of an input is wanted now. */
  wants(input: number): boolean;
  /** The dtype in which gradients of an input are added up, where gradients end there; undefined elsewhere. */
  gradDType(input: number): DType | undefined;
  /** Hands over a gradient of an input. */
  give(input: number, gradient: Tensor): void;
  /**
   * Where a kernel can write the f32 gradient of an input, or add to it.
   * @returns the tensor, and whether it holds a sum already. Nothing is given then: what was written counts.
   */
  into(input: number, shape: Shape): { readonly out: Tensor; readonly add: boolean };
}

/** How gradients flow through one kind of operation. */
export interface Derivative<A = never, R = never> {
  /** The tensors that gradients may flow to. */
  readonly inputs: (args: A) => readonly (Tensor | undefined)[];
  /** The tensors of a result that gradients arrive at; the result itself if not given. */
  readonly outputs?: (result: R) => readonly Tensor[];
  /** What to keep; `wants` tells which inputs need a gradient. Nothing if not given. */
  readonly save?: (args: A, result: R, wants: (input: number) => boolean) => readonly (Tensor | undefined)[];
  /**
   * Whether the result is an activation even where all that it depends on are weights, as rows of an embedding are: its
   * gradient is not put off with those of weights then, since others wait for it.
   */
  readonly activates?: (args: A) => boolean;
  /** Gives the gradients that are wanted. Its own tensors are freed when it returns. */
  readonly backward: (gradients: Gradients<A>) => void;
}

/** dtype of gradients that kernels write. */
export const GRADIENT: DType = "f32";

/** Keeps the types of a derivative together while it stands in a table of all kinds. */
export function derivative<A, R>(entry: Derivative<A, R>): Derivative {
  return entry as unknown as Derivative;
}
