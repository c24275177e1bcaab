/** Operations of one's own, with their derivative: what torch.autograd.Function is. Collectives that gradients pass are made of it. */
import type { Tensor } from "../tensor/index.ts";
import { type Derivative, derivative } from "./derivative.ts";

/** What a custom operation's backward is handed. */
export interface CustomGradients {
  /** The gradient of the result. */
  readonly dy: Tensor;
  /** A value that was saved, by its place. @throws Error when it was changed since. */
  saved(index: number): Tensor;
  /** Whether the gradient of an input is wanted now. */
  wants(input: number): boolean;
}

/** An operation and its derivative. */
export interface CustomOperation {
  /** What messages call it. */
  readonly name: string;
  /** The tensors that gradients may flow to. */
  readonly inputs: readonly Tensor[];
  /** What it is, for those who watch the tape. */
  readonly note?: object;
  /** Computes the result; what it calls is not entered on the tape. It gives a new tensor, not one of the inputs. */
  readonly forward: () => Tensor;
  /** Whether the result is an activation even where all inputs are weights (see Derivative). */
  readonly activates?: boolean;
  /** What backward will need, and nothing else is kept. */
  readonly save?: (result: Tensor) => readonly Tensor[];
  /** Gradients of the inputs that are wanted, in their order; a place that is undefined gives none. */
  readonly backward: (gradients: CustomGradients) => readonly (Tensor | undefined)[];
}

/** The entry of all of them in the table of derivatives. */
export const custom: Readonly<Record<string, Derivative>> = {
  custom: derivative<CustomOperation, Tensor>({
    inputs: ({ inputs }) => inputs,
    activates: ({ activates = false }) => activates,
    save: ({ save }, result) => save?.(result) ?? [],
    backward: (c) => {
      const { backward, inputs, name } = c.args;
      const gradients = backward({ dy: c.dy(), saved: (i) => c.saved(i), wants: (i) => c.wants(i) });
      if (gradients.length > inputs.length) {
        throw new RangeError(`${name} gave ${gradients.length} gradients for ${inputs.length} inputs.`);
      }
      for (const [i, gradient] of gradients.entries()) if (gradient && c.wants(i)) c.give(i, gradient);
    },
  }),
};

/**
 * Carries out an operation of one's own.
 * @returns its result, through which gradients flow to the inputs. @throws what `forward` throws.
 */
export function customOperation(operation: CustomOperation): Tensor {
  const { inputs, name, forward } = operation;
  if (inputs.length === 0) throw new RangeError(`${name} has no input that gradients could flow to.`);
  return inputs[0].device.fused("custom", operation, forward);
}
