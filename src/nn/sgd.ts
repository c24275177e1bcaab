/** Stochastic gradient descent with momentum, as torch.optim.SGD. */
import type { Tensor } from "../tensor/index.ts";
import { gradientOf, movingValues, Optimizer, type ParameterGroup } from "./optimizer.ts";
import type { Parameter } from "./parameter.ts";

/** Options of SGD, per group. */
export interface SgdOptions {
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

export class SGD extends Optimizer<SgdOptions> {
  /** Defaults are torch's: lr 1e-3, no momentum, no decay. */
  constructor(
    parameters: readonly Parameter[] | readonly ParameterGroup<SgdOptions>[],
    options: Partial<SgdOptions> = {},
  ) {
    super(parameters, { lr: 1e-3, momentum: 0, weightDecay: 0, nesterov: false, ...options });
  }

  protected update(parameters: readonly Parameter[], options: SgdOptions, factor: Tensor): void {
    const { lr, momentum, weightDecay, nesterov } = options;
    for (const parameter of parameters) {
      const state = this.advance(parameter, momentum === 0 ? [] : ["momentum"]);
      const values = movingValues(parameter, state);
      let move = gradientOf(parameter).mul(factor);
      if (weightDecay !== 0) move = move.add(values.mul(weightDecay));
      const { momentum: buffer } = state.tensors;
      if (buffer) {
        buffer.mul_(state.step === 1 ? 0 : momentum).add_(move); // its first value is the gradient itself
        move = nesterov ? move.add(buffer.mul(momentum)) : buffer;
      }
      values.sub_(move.mul(lr));
      if (values !== parameter) parameter.copy_(values);
    }
  }
}
