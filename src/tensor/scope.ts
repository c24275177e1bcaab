/** Scopes: what was made in one and is not returned from it is freed at its end. */
import { Tensor } from "./tensor.ts";

/** What a scope may return to keep alive. */
export type Kept = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>> | undefined;

/** Frees what an error has left, as far as that can be: memory that an operation in flight uses must not hide the error. */
function giveUp(tensor: Tensor): void {
  try {
    tensor.dispose();
  } catch {
    // The job ends by the error, and its memory with it.
  }
}

export class Scopes {
  /** Tensors made in each open scope; undefined where they belong to none. */
  readonly #open: (Set<Tensor> | undefined)[] = [];

  /** Runs a function and frees what it made. @throws TypeError when it returns a promise. */
  run<T extends Kept>(body: () => T): T {
    const made = new Set<Tensor>();
    this.#open.push(made);
    let result: T;
    try {
      result = body();
    } catch (error) {
      this.#open.pop();
      for (const tensor of made) giveUp(tensor);
      throw error;
    }
    this.#open.pop();
    if (result instanceof Promise) throw new TypeError("device.scope takes a synchronous function; await outside it.");
    const kept = new Set(result === undefined ? [] : result instanceof Tensor ? [result] : Object.values(result));
    for (const tensor of made) {
      if (kept.has(tensor)) this.add(tensor);
      else tensor.dispose();
    }
    return result;
  }

  /** Runs a function whose tensors no open scope frees. */
  outside<R>(body: () => R): R {
    this.#open.push(undefined);
    try {
      return body();
    } finally {
      this.#open.pop();
    }
  }

  /** A tensor was made. */
  add(tensor: Tensor): void {
    this.#open.at(-1)?.add(tensor);
  }

  /** A tensor is gone. */
  forget(tensor: Tensor): void {
    for (const scope of this.#open) scope?.delete(tensor);
  }
}
