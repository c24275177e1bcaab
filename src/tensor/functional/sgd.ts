/** Stochastic gradient descent on all parameters in one launch, as torch.optim.SGD. All f32. */

import { rawOf } from "../raw.ts";
import type { Tensor } from "../tensor.ts";
import { shaped, tensors } from "./check.ts";

/** A parameter with what belongs to it: f32 tensors of one shape. */
export interface SgdEntry {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** The moving sum of gradients; wanted if there is momentum. */
  readonly buffer?: Tensor;
}

/** Arguments of a step. */
export interface Sgd {
  readonly entries: readonly SgdEntry[];
  /** f32 [1]: what gradients are multiplied by. */
  readonly factor: Tensor;
  readonly lr: number;
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
  /** Its product with the parameter is added to the gradient. */
  readonly decay?: number;
  /** The first step: buffers become the gradients, whatever was in them. */
  readonly first?: boolean;
}

/**
 * One step on all entries, in place: g = gradient · factor + decay · parameter; buffer = momentum · buffer +
 * (1 - dampening) · g; parameter -= lr · buffer, or lr · (g + momentum · buffer) if `nesterov`.
 * @throws RangeError for Nesterov's form without momentum or with dampening; TypeError for a missing buffer.
 */
export function sgd_(args: Sgd): void {
  const { entries, factor, lr, momentum = 0, dampening = 0, nesterov = false, decay = 0, first = false } = args;
  if (nesterov && !(momentum > 0 && dampening === 0))
    throw new RangeError("sgd_ takes nesterov with a momentum and without dampening only, as torch does.");
  tensors("sgd_", { factor });
  shaped("sgd_", "factor", factor, [1], "one number for all");
  const moving = momentum !== 0;
  for (const { parameter, gradient, buffer } of entries) {
    const others: Record<string, Tensor> = moving ? { gradient, buffer: buffer as Tensor } : { gradient };
    tensors("sgd_", { parameter, ...others });
    for (const [name, each] of Object.entries(others)) shaped("sgd_", name, each, parameter.shape, "as its parameter");
  }
  entries[0]?.parameter.device.fused("sgd_", args, () => {
    const list = entries.map(({ parameter, gradient, buffer }) => ({
      refs: [parameter, gradient, ...(moving ? [buffer as Tensor] : [])].map((tensor) => tensor.ref()),
      n: parameter.size,
    }));
    const raw = rawOf(factor.device);
    if (!moving) raw.launchMany("sgd", list, [factor.ref()], [lr, decay]);
    else {
      const scalars = [lr, momentum, dampening, Number(nesterov), decay, Number(first)];
      raw.launchMany("sgdMomentum", list, [factor.ref()], scalars);
    }
    return {};
  });
}
