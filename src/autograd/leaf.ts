/**
 * Where gradients end: a tensor that the program made and asked the gradient of. Gradients of all its uses, and
 * of all backward passes, are added up. One that nobody computed stays null, which is not zero: an optimizer
 * leaves such a parameter alone, decay included.
 */
import type { DType } from "../device/index.ts";
import { type GradientNode, type Shape, sameShape, type Tensor, type TensorDevice } from "../tensor/index.ts";
import { Hooks } from "./hooks.ts";

/** A leaf of the tape. */
export class Leaf implements GradientNode {
  readonly isWeight: boolean;
  /** Called when the last gradient of a backward pass was added. */
  readonly ready = new Hooks<() => void>();
  /** Called with each gradient that arrives, before it is added. */
  readonly arrivals = new Hooks();
  #shape: Shape;
  readonly #device: TensorDevice;
  readonly #dtype: DType;
  #grad: Tensor | null = null;
  #place: Tensor | undefined;
  #users = 0;

  constructor(device: TensorDevice, tensor: Tensor, isWeight: boolean, dtype: DType) {
    this.#device = device;
    this.#shape = tensor.shape;
    this.isWeight = isWeight;
    this.#dtype = dtype;
  }

  /** Of the gradients that arrive. */
  get shape(): Shape {
    return this.#shape;
  }

  /** In which gradients are added up. */
  get dtype(): DType {
    return this.#dtype;
  }

  /** Gradients have another shape from now on, as those of a parameter that ranks share out; the one that is there is freed. */
  reshape(shape: Shape): void {
    this.set(null);
    this.#place = undefined;
    this.#shape = [...shape];
  }

  retain(): void {
    this.#users++;
  }

  /** Without any user the gradient is freed. */
  release(): void {
    if (--this.#users === 0) this.set(null);
  }

  /** The sum so far. */
  get grad(): Tensor | null {
    return this.#grad;
  }

  /** Takes another gradient over; the old one is freed, unless it lies in a place that was given. */
  set(gradient: Tensor | null): void {
    if (gradient === this.#grad) return;
    if (this.#grad !== this.#place) this.#grad?.dispose();
    this.#grad = gradient;
  }

  /**
   * Where gradients are to lie from now on, such as a part of a bucket; undefined lets them lie where they like.
   * @throws RangeError for a place of another shape, or one that is scattered.
   */
  placeAt(place: Tensor | undefined): void {
    if (place && !(sameShape(place.shape, this.shape) && place.isContiguous)) {
      throw new RangeError(`A gradient of [${this.shape}] needs a contiguous place of that shape, but got ${place}.`);
    }
    this.set(null);
    this.#place = place;
  }

  /**
   * Where kernels write, or add, a gradient of f32.
   * @returns undefined when this gradient has another dtype: give a tensor then.
   */
  destination(): { out: Tensor; add: boolean } | undefined {
    const place = this.#grad ?? this.#place;
    if ((place?.dtype ?? this.#dtype) !== "f32") return undefined;
    if (this.#grad) return this.#grad.isContiguous ? { out: this.#grad, add: true } : undefined;
    return { out: this.#empty(), add: false };
  }

  /** Adds a gradient of the leaf's shape. */
  add(gradient: Tensor): void {
    if (!this.#grad) this.#empty().copy_(gradient);
    else if (gradient.dtype === this.#grad.dtype) this.#grad.add_(gradient);
    else {
      using same = gradient.to(this.#grad.dtype);
      this.#grad.add_(same);
    }
  }

  #empty(): Tensor {
    this.#grad = this.#place ?? this.#device.unscoped(() => this.#device.empty(this.shape, this.#dtype, "gradients"));
    return this.#grad;
  }
}
