/** A list of hooks, which can be taken away again. */
import { type HookHandle, sameShape, type Tensor } from "../tensor/index.ts";

/** What is called with a gradient; a tensor that it returns takes the gradient's place. */
export type GradientHook = (gradient: Tensor) => Tensor | undefined;

/** Hooks in the order in which they were added. */
export class Hooks<H = GradientHook> {
  readonly #hooks = new Set<{ readonly hook: H }>();

  /** Adds a hook; the same function may be added twice. */
  add(hook: H): HookHandle {
    const entry = { hook };
    this.#hooks.add(entry);
    return { remove: () => void this.#hooks.delete(entry) };
  }

  /** Those that are there now: a hook may remove itself while it runs. */
  get list(): readonly H[] {
    return [...this.#hooks].map(({ hook }) => hook);
  }
}

/** A gradient after all hooks. @throws RangeError when one gives a tensor of another shape. */
export function throughHooks(gradient: Tensor, hooks: Hooks): Tensor {
  let result = gradient;
  for (const hook of hooks.list) {
    const next = hook(result) ?? result;
    if (!sameShape(next.shape, gradient.shape)) {
      throw new RangeError(`A hook on a gradient of [${gradient.shape}] gives one of that shape, but gave ${next}.`);
    }
    result = next;
  }
  return result;
}
