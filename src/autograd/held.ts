/**
 * Memory that the tape holds on to. A tensor handle belongs to a scope, which frees it; what is held here
 * outlives scopes, and is given up by the tape alone, at a known point.
 */
import type { DType } from "../device/index.ts";
import type { Shape, Storage, Tensor } from "../tensor/index.ts";

/** One hold on the elements of a tensor. */
export class Held {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly isContiguous: boolean;
  readonly #device: Tensor["device"];
  readonly #strides: readonly number[];
  readonly #offset: number;
  #storage: Storage | undefined;

  constructor(tensor: Tensor) {
    this.shape = tensor.shape;
    this.dtype = tensor.dtype;
    this.isContiguous = tensor.isContiguous;
    this.#device = tensor.device;
    this.#strides = tensor.strides;
    this.#offset = tensor.offset;
    this.#storage = tensor.storage.retain();
  }

  /** A handle on the elements, in the scope that is open. @throws Error after the release. */
  open(): Tensor {
    const storage = this.storage.retain();
    return this.#device.view(storage, this.dtype, this.shape, this.#strides, this.#offset);
  }

  /** Whether it was not given up yet. */
  get isHeld(): boolean {
    return this.#storage !== undefined;
  }

  /** The bytes. @throws Error after the release. */
  get storage(): Storage {
    if (this.#storage) return this.#storage;
    throw new Error("What the tape held was let go.");
  }

  /** Whether nobody else sees what is written into the elements. */
  get isOurs(): boolean {
    return this.isContiguous && !this.storage.isShared;
  }

  /** Gives the hold up; a second time does nothing. */
  release(): void {
    this.#storage?.release();
    this.#storage = undefined;
  }
}
