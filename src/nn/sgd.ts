/** Stochastic gradient descent with momentum, as torch.optim.SGD. */
import { functional as F, type Tensor } from "../tensor/index.ts";
import { gradientOf, movingValues, Optimizer, type ParameterGroup } from "./optimizer.ts";
import type { Parameter } from "./parameter.ts";

/** Options of SGD, per group. */
export interface SgdOptions {
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

/** Gradient descent, with momentum if asked for. */
export class SGD extends Optimizer<SgdOptions> {
  /** Defaults are torch's: lr 1e-3, no momentum, no decay. */
  constructor(
    parameters: readonly Parameter[] | readonly ParameterGroup<SgdOptions>[],
    options: Partial<SgdOptions> = {},
  ) {
    super(parameters, { lr: 1e-3, momentum: 0, weightDecay: 0, nesterov: false, ...options });
  }

  protected names({ momentum }: SgdOptions): readonly string[] {
    return momentum === 0 ? [] : ["momentum"];
  }

  protected update(parameters: readonly Parameter[], options: SgdOptions, factor: Tensor): void {
    const { lr, momentum, weightDecay: decay, nesterov } = options;
    const [first, later]: [F.SgdEntry[], F.SgdEntry[]] = [[], []];
    const rounded: [Parameter, Tensor][] = [];
    for (const parameter of parameters) {
      const state = this.advance(parameter, this.names(options));
      const values = movingValues(parameter, state);
      const entry = { parameter: values, gradient: gradientOf(parameter), buffer: state.tensors.momentum };
      (state.step === 1 ? first : later).push(entry);
      if (values !== parameter) rounded.push([parameter, values]);
    }
    // The first value of a buffer is the gradient itself.
    F.sgd_({ entries: first, factor, lr, momentum, nesterov, decay, first: true });
    F.sgd_({ entries: later, factor, lr, momentum, nesterov, decay });
    for (const [parameter, values] of rounded) parameter.copy_(values);
  }
}
