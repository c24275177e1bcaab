/**
 * A module: parameters and other modules as fields, and a `forward`. What is called is `call`, which runs hooks
 * around `forward`, frees what forward made and did not return, and counts it as activations.
 */

import { Hooks, type RegionHooks, tapeOf } from "../autograd/index.ts";
import type { HookHandle, Kept, Tensor, TensorDevice } from "../tensor/index.ts";
import { ParameterTree } from "./tree.ts";

/** Hooks around a module's calls. */
interface ModuleHooks<A, R> {
  readonly before: Hooks<(args: A) => void>;
  readonly after: Hooks<(args: A, result: R) => void>;
  readonly beforeBackward: Hooks<() => void>;
  readonly afterBackward: Hooks<() => void>;
}

/** Computes in a module's place: with the plain forward at hand, which it may call. */
export type Around<A extends readonly unknown[], R> = (forward: (...args: A) => R, ...args: A) => R;

/** @template A arguments of forward. @template R its result. */
export abstract class Module<A extends readonly unknown[] = [Tensor], R extends Kept = Tensor> extends ParameterTree {
  readonly #device: TensorDevice;
  #hooks: ModuleHooks<A, R> | undefined;
  #forward: ((...args: A) => R) | undefined;

  constructor(device: TensorDevice) {
    super();
    this.#device = device;
  }

  /** Where its parameters lie. */
  get device(): TensorDevice {
    return this.#device;
  }

  /** What it computes. Call it by `call`. */
  abstract forward(...args: A): R;

  /** Computes, with hooks; what is not returned is freed, but for what the tape has saved. */
  call(...args: A): R {
    const hooks = this.#hooks;
    const forward = this.#forward;
    const compute = (): R =>
      this.#device.withTag("activations", () =>
        this.#device.scope(() => (forward ? forward(...args) : this.forward(...args))),
      );
    if (!hooks) return compute();
    for (const hook of hooks.before.list) hook(args);
    const result = tapeOf(this.#device).region(regionOf(hooks), compute);
    for (const hook of hooks.after.list) hook(args, result);
    return result;
  }

  /**
   * Puts a function around forward, from now on: parallel layers change what goes in and what comes out, or compute their
   * part by themselves. The last one is the outermost.
   */
  surround(around: Around<A, R>): void {
    const inner = this.#forward ?? ((...args: A): R => this.forward(...args));
    this.#forward = (...args) => around(inner, ...args);
  }

  /** Before each forward. */
  registerForwardPreHook(hook: (args: A) => void): HookHandle {
    return this.#hooked().before.add(hook);
  }

  /** After each forward. */
  registerForwardHook(hook: (args: A, result: R) => void): HookHandle {
    return this.#hooked().after.add(hook);
  }

  /** Before the first of its operations computes gradients, for calls from now on. */
  registerFullBackwardPreHook(hook: () => void): HookHandle {
    return this.#hooked().beforeBackward.add(hook);
  }

  /** After the last of its operations has computed gradients, for calls from now on. */
  registerFullBackwardHook(hook: () => void): HookHandle {
    return this.#hooked().afterBackward.add(hook);
  }

  #hooked(): ModuleHooks<A, R> {
    this.#hooks ??= {
      before: new Hooks(),
      after: new Hooks(),
      beforeBackward: new Hooks(),
      afterBackward: new Hooks(),
    };
    return this.#hooks;
  }
}

function regionOf({
  beforeBackward,
  afterBackward,
}: Pick<ModuleHooks<never, never>, "beforeBackward" | "afterBackward">): RegionHooks {
  const run = (hooks: Hooks<() => void>) => (): void => {
    for (const hook of hooks.list) hook();
  };
  return { before: run(beforeBackward), after: run(afterBackward) };
}
