/**
 * What an operation keeps for its derivative: the values, and the version that they had. A value that was
 * changed since is an error, and the error knows both lines: that of the operation and that of the change.
 *
 * Hooks may take a value elsewhere and bring it back, as torch.autograd.graph.saved_tensors_hooks does:
 * recomputation and offloading are such hooks.
 */
import type { Tensor } from "../tensor/index.ts";
import { formatSite, type Site } from "../trace/site.ts";
import { Held } from "./held.ts";

/** Takes saved values elsewhere, and brings them back. */
export interface SavedHooks<P = unknown> {
  /** Called when a value is saved: what it returns is kept in the value's place. */
  pack(tensor: Tensor): P;
  /** Called when backward needs the value, once for each use; the handle belongs to the open scope. */
  unpack(packed: P): Tensor;
  /** The value will not be asked for again. */
  drop?(packed: P): void;
}

/** A saved value, as the node sees it. */
export interface Saved {
  open(operation: string, site: Site | undefined): Tensor;
  release(): void;
}

/** A value that stays where it is. */
export class SavedTensor implements Saved {
  readonly #held: Held;
  readonly #version: number;

  constructor(tensor: Tensor) {
    this.#held = new Held(tensor);
    this.#version = tensor.storage.version;
    tensor.storage.watch(1);
  }

  open(operation: string, site: Site | undefined): Tensor {
    const { storage, dtype, shape } = this.#held;
    if (storage.version === this.#version) return this.#held.open();
    const saved = formatSite(site);
    const changed = formatSite(storage.lastWrite);
    throw new Error(
      `backward needs the value of ${dtype}[${shape}] that ${operation}${saved && ` (${saved})`} has saved, but it was ` +
        `changed since${changed && ` (${changed})`}. Change a copy: clone() it first, or use the form that gives a new tensor.`,
    );
  }

  release(): void {
    if (!this.#held.isHeld) return;
    this.#held.storage.watch(-1);
    this.#held.release();
  }
}

/** A value that hooks have taken. */
export class PackedTensor<P> implements Saved {
  readonly #hooks: SavedHooks<P>;
  readonly #packed: P;

  constructor(hooks: SavedHooks<P>, tensor: Tensor) {
    this.#hooks = hooks;
    this.#packed = hooks.pack(tensor);
  }

  open(): Tensor {
    return this.#hooks.unpack(this.#packed);
  }

  release(): void {
    this.#hooks.drop?.(this.#packed);
  }
}
