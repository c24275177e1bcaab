/**
 * What optimizers share. A parameter without a gradient is left alone, its weight decay included; a step that is
 * refused leaves parameters, moments and counts as they were. Half formats have f32 masters, since small steps
 * would be rounded away: the master moves, and the parameter is its rounded view.
 */
import type { Tensor, TensorDevice } from "../tensor/index.ts";
import type { Parameter } from "./parameter.ts";

/** Parameters that share options O. */
export type ParameterGroup<O> = { readonly parameters: readonly Parameter[] } & Partial<O>;

/** How a step is taken. */
export interface StepOptions {
  /** f32 [1]: what gradients are multiplied by, such as `factor` of gradientNorm. */
  readonly factor?: Tensor;
}

/** What an optimizer keeps for a parameter. */
export interface ParameterState {
  /** Steps that this parameter took. */
  readonly step: number;
  /** By name, such as `first` and `second` moments, and `master`. All f32, of the parameter's shape. */
  readonly tensors: Readonly<Record<string, Tensor>>;
}

interface Kept {
  step: number;
  readonly tensors: Record<string, Tensor>;
}

/** @template O what can be set for each group. */
export abstract class Optimizer<O extends { readonly lr: number }> {
  readonly #groups: { readonly parameters: readonly Parameter[]; options: O }[];
  readonly #states = new Map<Parameter, Kept>();
  /** What the group that is moving has asked for: it is counted when all of it has moved. */
  readonly #advanced = new Map<Parameter, Kept>();

  /** @throws RangeError for no parameters, or one that is there twice. */
  constructor(parameters: readonly Parameter[] | readonly ParameterGroup<O>[], defaults: O) {
    const isGroups = parameters.length > 0 && "parameters" in parameters[0];
    const groups = isGroups
      ? (parameters as readonly ParameterGroup<O>[])
      : [{ parameters: parameters as readonly Parameter[] }];
    this.#groups = groups.map(({ parameters: list, ...options }) => ({
      parameters: list,
      options: { ...defaults, ...options },
    }));
    const all = this.#groups.flatMap((group) => group.parameters);
    if (all.length === 0) throw new RangeError("An optimizer needs at least one parameter.");
    if (new Set(all).size !== all.length) throw new RangeError("A parameter was given to an optimizer twice.");
  }

  /** Options of each group, in order. */
  get groups(): readonly { readonly parameters: readonly Parameter[]; readonly options: O }[] {
    return this.#groups;
  }

  /** Sets the learning rate of every group, or of one. */
  setLr(lr: number, group?: number): void {
    for (const [i, each] of this.#groups.entries()) {
      if (group === undefined || group === i) each.options = { ...each.options, lr };
    }
  }

  /**
   * Moves every parameter that has a gradient.
   * @throws TypeError or RangeError for a factor that is not f32 [1]; OutOfMemoryError. Groups that have moved by then are
   *   counted, and no others.
   */
  step({ factor }: StepOptions = {}): void {
    const [first] = this.#groups.flatMap((group) => group.parameters);
    const device = first.device as TensorDevice;
    device.noGrad(() =>
      device.scope(() => {
        for (const { parameters, options } of this.#groups) {
          const moving = parameters.filter((parameter) => parameter.grad !== null);
          if (moving.length > 0) this.#move(moving, options, factor ?? device.ones([1]));
        }
        return undefined;
      }),
    );
  }

  #move(parameters: readonly Parameter[], options: O, factor: Tensor): void {
    try {
      this.update(parameters, options, factor);
      for (const [parameter, state] of this.#advanced) {
        state.step++;
        this.#states.set(parameter, state);
      }
    } finally {
      for (const [parameter, state] of this.#advanced) {
        if (this.#states.get(parameter) !== state) for (const tensor of Object.values(state.tensors)) tensor.dispose();
      }
      this.#advanced.clear();
    }
  }

  /** Frees all gradients: they are null then. */
  zeroGrad(): void {
    for (const { parameters } of this.#groups) for (const parameter of parameters) parameter.grad = null;
  }

  /** What is kept for a parameter; undefined before its first step. */
  stateOf(parameter: Parameter): ParameterState | undefined {
    return this.#states.get(parameter);
  }

  /** Names of what is kept for a parameter from its first step on; undefined for one that this optimizer does not move. */
  keeps(parameter: Parameter): readonly string[] | undefined {
    const group = this.#groups.find(({ parameters }) => parameters.includes(parameter));
    return group && [...this.names(group.options), ...(parameter.dtype === "f32" ? [] : ["master"])];
  }

  /** Takes over a state, such as one from a checkpoint, and its tensors. Undefined forgets, as before the first step. */
  setState(parameter: Parameter, state: ParameterState | undefined): void {
    for (const tensor of Object.values(this.#states.get(parameter)?.tensors ?? {})) tensor.dispose();
    if (state) this.#states.set(parameter, { step: state.step, tensors: { ...state.tensors } });
    else this.#states.delete(parameter);
  }

  /** Frees what it keeps. */
  dispose(): void {
    for (const { tensors } of this.#states.values()) for (const tensor of Object.values(tensors)) tensor.dispose();
    this.#states.clear();
  }

  /** Names of the tensors that are kept for each parameter, besides masters. */
  protected abstract names(options: O): readonly string[];

  /** Moves parameters of one group, all of which have a gradient. Its tensors are freed afterwards. */
  protected abstract update(parameters: readonly Parameter[], options: O, factor: Tensor): void;

  /** The state of a parameter, made with zeros under these names on first use, with the number of the step that it is for. */
  protected advance(parameter: Parameter, names: readonly string[]): ParameterState {
    const state = this.#states.get(parameter) ?? { step: 0, tensors: {} };
    this.#advanced.set(parameter, state);
    if (!this.#states.has(parameter)) {
      const device = parameter.device as TensorDevice;
      device.unscoped(() =>
        device.withTag("optimizer", () => {
          for (const name of names) state.tensors[name] = device.zeros(parameter.shape);
          if (parameter.dtype !== "f32") state.tensors.master = parameter.to("f32");
        }),
      );
    }
    return { step: state.step + 1, tensors: state.tensors };
  }
}

/** The f32 values that a step moves: the master of a half format, else the parameter itself. */
export function movingValues(parameter: Parameter, state: ParameterState): Tensor {
  return state.tensors.master ?? parameter;
}

/** A gradient in f32, as kernels read it. */
export function gradientOf(parameter: Parameter): Tensor {
  const gradient = parameter.grad as Tensor;
  return gradient.dtype === "f32" ? gradient.contiguous() : gradient.to("f32");
}
