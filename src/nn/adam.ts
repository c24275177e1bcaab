/** Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019), with torch.optim's options. */
import { functional as F, type Tensor } from "../tensor/index.ts";
import { gradientOf, Optimizer, type ParameterGroup } from "./optimizer.ts";
import type { Parameter } from "./parameter.ts";

/** Options of both, per group. */
export interface AdamOptions {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  /** AdamW: share of the weight, times lr, taken off at each step. Adam: factor of the weight that is added to the gradient. */
  readonly weightDecay: number;
}

/** What the kernels take for parameters that have taken equally many steps. */
interface Entries {
  readonly plain: F.AdamwEntry[];
  readonly withMaster: F.AdamwMasterEntry[];
}

abstract class AdamLike extends Optimizer<AdamOptions> {
  protected names(): readonly string[] {
    return ["first", "second"];
  }

  protected update(parameters: readonly Parameter[], options: AdamOptions, factor: Tensor): void {
    const byStep = new Map<number, Entries>();
    for (const parameter of parameters) {
      const { step, tensors } = this.advance(parameter, this.names());
      const { first, second, master } = tensors;
      let entries = byStep.get(step);
      if (!entries) byStep.set(step, (entries = { plain: [], withMaster: [] }));
      const entry = { parameter, gradient: gradientOf(parameter), first, second };
      if (master) entries.withMaster.push({ ...entry, master });
      else entries.plain.push(entry);
    }
    const { lr, betas, eps, weightDecay: decay } = options;
    for (const [step, entries] of byStep) {
      this.move(entries, { factor, lr, beta1: betas[0], beta2: betas[1], eps, decay, step });
    }
  }

  /** Moves parameters that have taken equally many steps. */
  protected abstract move(entries: Entries, args: Omit<F.Adamw, "entries">): void;
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

  protected move({ plain, withMaster }: Entries, args: Omit<F.Adamw, "entries">): void {
    F.adamw_({ ...args, entries: plain });
    const halves = withMaster.filter(({ parameter }) => parameter.dtype === "bf16");
    F.adamwMaster_({ ...args, entries: halves });
    const rest = withMaster.filter(({ parameter }) => parameter.dtype !== "bf16");
    F.adamw_({ ...args, entries: rest.map(({ master, ...entry }) => ({ ...entry, parameter: master })) });
    for (const { parameter, master } of rest) parameter.copy_(master);
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

  protected move({ plain, withMaster }: Entries, args: Omit<F.Adamw, "entries">): void {
    const masters = withMaster.map(({ master, ...entry }) => ({ ...entry, parameter: master }));
    F.adam_({ ...args, entries: [...plain, ...masters] });
    for (const { parameter, master } of withMaster) parameter.copy_(master);
  }
}
