/** Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019), with torch.optim's options. */
import { functional as F, type Tensor } from "../tensor/index.ts";
import { gradientOf, movingValues, Optimizer, type ParameterGroup } from "./optimizer.ts";
import type { Parameter } from "./parameter.ts";

/** Options of both, per group. */
export interface AdamOptions {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  /** AdamW: share of the weight, times lr, taken off at each step. Adam: factor of the weight that is added to the gradient. */
  readonly weightDecay: number;
}

abstract class AdamLike extends Optimizer<AdamOptions> {
  protected update(parameters: readonly Parameter[], options: AdamOptions, factor: Tensor): void {
    const { lr, betas, eps } = options;
    const bySteps = new Map<number, F.AdamwEntry[]>();
    const rounded: [Parameter, Tensor][] = [];
    for (const parameter of parameters) {
      const state = this.advance(parameter, ["first", "second"]);
      const { first, second } = state.tensors;
      const values = movingValues(parameter, state);
      const gradient = this.gradient(parameter, values, options, factor);
      const entry = { parameter: values, gradient, first, second };
      bySteps.set(state.step, [...(bySteps.get(state.step) ?? []), entry]);
      if (values !== parameter) rounded.push([parameter, values]);
    }
    const decay = this.decay(options);
    for (const [step, entries] of bySteps) {
      F.adamw_({
        entries,
        factor: this.factor(factor, options),
        lr,
        beta1: betas[0],
        beta2: betas[1],
        eps,
        decay,
        step,
      });
    }
    for (const [parameter, values] of rounded) parameter.copy_(values);
  }

  /** The gradient that moments see. */
  protected abstract gradient(parameter: Parameter, values: Tensor, options: AdamOptions, factor: Tensor): Tensor;
  /** What the kernel multiplies gradients by. */
  protected abstract factor(factor: Tensor, options: AdamOptions): Tensor;
  /** Decay of the weights themselves. */
  protected abstract decay(options: AdamOptions): number;
}

/** AdamW: weights decay by themselves, apart from the gradient. */
export class AdamW extends AdamLike {
  /** Defaults are torch's: lr 1e-3, betas 0.9 and 0.999, eps 1e-8, weightDecay 0.01. */
  constructor(
    parameters: readonly Parameter[] | readonly ParameterGroup<AdamOptions>[],
    options: Partial<AdamOptions> = {},
  ) {
    super(parameters, { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01, ...options });
  }

  protected gradient(parameter: Parameter): Tensor {
    return gradientOf(parameter);
  }

  protected factor(factor: Tensor): Tensor {
    return factor;
  }

  protected decay({ weightDecay }: AdamOptions): number {
    return weightDecay;
  }
}

/** Adam: weight decay, if any, is a part of the gradient. */
export class Adam extends AdamLike {
  /** Defaults are torch's: lr 1e-3, betas 0.9 and 0.999, eps 1e-8, weightDecay 0. */
  constructor(
    parameters: readonly Parameter[] | readonly ParameterGroup<AdamOptions>[],
    options: Partial<AdamOptions> = {},
  ) {
    super(parameters, { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, ...options });
  }

  protected gradient(parameter: Parameter, values: Tensor, { weightDecay }: AdamOptions, factor: Tensor): Tensor {
    const gradient = gradientOf(parameter);
    return weightDecay === 0 ? gradient : gradient.mul(factor).add(values.mul(weightDecay));
  }

  protected factor(factor: Tensor, { weightDecay }: AdamOptions): Tensor {
    return weightDecay === 0 ? factor : factor.device.apply("fill", factor.device.empty([1]), 1);
  }

  protected decay(): number {
    return 0;
  }
}
