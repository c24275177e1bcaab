/**
 * What a tensor knows of gradients: whether one is wanted, and where on the tape it came from.
 * PyTorch's names in camelCase.
 */
import type { BackwardOptions, Edge, HookHandle } from "./recorder.ts";
import type { Shape } from "./shape.ts";
import { View, type ViewOperation } from "./view.ts";

/** Where a tensor came from on the tape; undefined where no gradient is wanted. */
let edgeOf: <T extends Tracked<T>>(tensor: T) => Edge | undefined;
/** Says where a tensor came from. It holds on to the node until it is gone. */
let setEdge: <T extends Tracked<T>>(tensor: T, edge: Edge | undefined) => void;

/** @template T the class that extends this one. */
export abstract class Tracked<T extends Tracked<T>> extends View<T> {
  #edge: Edge | undefined;

  static {
    edgeOf = (tensor) => tensor.#edge;
    setEdge = (tensor, edge) => {
      edge?.node.retain();
      tensor.#edge?.node.release();
      tensor.#edge = edge;
    };
  }

  /** Whether gradients flow to this tensor. */
  get requiresGrad(): boolean {
    return this.#edge !== undefined;
  }

  /**
   * Asks for the gradient of this tensor, or no longer.
   * @throws TypeError for integers; Error for the result of an operation, whose gradient follows from its operands.
   */
  requiresGrad_(on = true): this {
    const edge = this.#edge;
    if (on === (edge !== undefined)) return this;
    if (edge && !this.device.tape.isLeaf(edge)) {
      throw new Error(`requiresGrad_(false) on ${this}, the result of an operation. Take a detach() of it.`);
    }
    setEdge(this as unknown as T, on ? this.device.tape.leaf(this as unknown as T) : undefined);
    return this;
  }

  /** Whether it was made by the program, rather than by an operation that gradients flow through. */
  get isLeaf(): boolean {
    return this.#edge === undefined || this.device.tape.isLeaf(this.#edge);
  }

  /** The gradient that backward passes have added up; null while none was computed, which is not zero. */
  get grad(): T | null {
    return this.#edge ? this.device.tape.gradOf(this.#edge) : null;
  }

  /** Takes another gradient, such as null before a step. @throws Error where no gradient is wanted; RangeError for another shape. */
  set grad(gradient: T | null) {
    if (!this.#edge) {
      if (gradient === null) return;
      throw new Error(`${this} needs no gradient: call requiresGrad_() first.`);
    }
    this.device.tape.setGrad(this.#edge, gradient, this.shape);
  }

  /**
   * Computes the gradients of every leaf that this tensor depends on, and adds them to theirs.
   * @param gradient of this tensor; 1 if it has one element.
   * @throws Error when nothing needs a gradient, or what was saved has changed or is freed; RangeError for a tensor of
   *   several elements without `gradient`, or one of another shape.
   */
  backward(gradient?: T, options: BackwardOptions = {}): void {
    this.device.tape.backward(this as unknown as T, gradient, options);
  }

  /** The same elements, which no gradient flows through. */
  detach(): T {
    const was = this.device.tape.pause();
    try {
      return this.view();
    } finally {
      if (was) this.device.tape.resume();
    }
  }

  /**
   * Calls a function with the gradient of this tensor when it is whole; the tensor it returns takes its place.
   * The hook sits on the tape: handles and views of this tensor may come and go. @throws Error where none is wanted.
   */
  registerHook(hook: (gradient: T) => T | undefined): HookHandle {
    return this.device.tape.hook(this.#wanted("registerHook"), hook);
  }

  /**
   * Calls a function once for each backward pass, when the last gradient that it brings was added to this leaf.
   * @throws Error for what is not a leaf.
   */
  registerPostAccumulateGradHook(hook: () => void): HookHandle {
    return this.device.tape.hookLeaf(this.#wanted("registerPostAccumulateGradHook"), hook);
  }

  protected override at(
    shape: Shape,
    strides: readonly number[],
    elements: number,
    operation: ViewOperation,
    details: readonly number[] = [],
  ): T {
    const view = super.at(shape, strides, elements, operation, details);
    const { tape } = this.device;
    if ((this.#edge || tape.watched) && tape.recording) tape.record(operation, [this, ...details], view);
    return view;
  }

  protected override gone(): void {
    this.#edge?.node.release();
    this.#edge = undefined;
  }

  #wanted(call: string): Edge {
    if (this.#edge) return this.#edge;
    throw new Error(`${call} on ${this}, which needs no gradient. Call requiresGrad_() first.`);
  }
}

export { edgeOf, setEdge };
