/**
 * What all tensors are underneath: a shape and strides over a buffer, the views that share
 * it, and its lifetime. Moves no data.
 */
import { type Buffer, type DType, type Ref, sizeOf } from "../device/index.ts";
import type { TensorHome } from "./gate.ts";
import { checkAxis, contiguousStrides, isContiguous, type Shape, sizeOfShape } from "./shape.ts";
import type { Storage } from "./storage.ts";

/** What gives another view of the same elements. */
export type ViewOperation = "view" | "reshape" | "permute" | "slice" | "select" | "unsqueeze";

/** @template T what views of it are: the class that extends this one. */
export abstract class View<T extends View<T>> {
  /** Where it lies, and who computes with it. */
  readonly device: TensorHome<T>;
  /** Its bytes, which other views may share. */
  readonly storage: Storage;
  /** Type of its elements. */
  readonly dtype: DType;
  /** Length of each axis. */
  readonly shape: Shape;
  /** Elements between neighbours along each axis. */
  readonly strides: readonly number[];
  /** Bytes from the buffer's start. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
  /** Whether the elements lie next to each other in order. */
  readonly isContiguous: boolean;
  #disposed = false;

  /** Takes over one handle on the storage. */
  constructor(
    device: TensorHome<T>,
    storage: Storage,
    dtype: DType,
    shape: Shape,
    strides: readonly number[],
    offset: number,
  ) {
    this.device = device;
    this.storage = storage;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.size = sizeOfShape(shape);
    this.isContiguous = isContiguous(shape, strides);
  }

  /** The bytes, for operations between ranks. @throws Error while the storage has none. */
  get buffer(): Buffer {
    return this.storage.buffer;
  }

  // Views: no data moves.

  /** A second handle on the same elements. */
  view(): T {
    return this.at(this.shape, this.strides, 0, "view");
  }

  /** The same elements in another shape; one length may be -1. Copies only if the elements are scattered. */
  reshape(shape: Shape): T {
    const known = shape.reduce((product, length) => (length === -1 ? product : product * length), 1);
    const full = shape.map((length) => (length === -1 ? this.size / known : length));
    const guesses = shape.filter((length) => length === -1).length;
    if (
      guesses > 1 ||
      sizeOfShape(full) !== this.size ||
      full.some((length) => !Number.isInteger(length) || length < 0)
    ) {
      throw new RangeError(`${this} has ${this.size} elements and cannot take the shape [${shape}].`);
    }
    using source = this.contiguous();
    return source.at(full, contiguousStrides(full), 0, "reshape");
  }

  /** All elements along one axis. */
  flatten(): T {
    return this.reshape([this.size]);
  }

  /** Exchanges two axes. */
  transpose(a = -2, b = -1): T {
    const from = checkAxis(a, this.shape.length);
    const to = checkAxis(b, this.shape.length);
    const order = this.shape.map((_, axis) => (axis === from ? to : axis === to ? from : axis));
    return this.permute(order);
  }

  /** Axis i of the result is axis order[i] of this. */
  permute(order: readonly number[]): T {
    const axes = order.map((axis) => checkAxis(axis, this.shape.length));
    if (axes.length !== this.shape.length || new Set(axes).size !== axes.length) {
      throw new RangeError(`permute needs every axis of ${this} once, but got [${order}].`);
    }
    return this.at(
      axes.map((axis) => this.shape[axis]),
      axes.map((axis) => this.strides[axis]),
      0,
      "permute",
      axes,
    );
  }

  /** Elements from..to of an axis; negative numbers count from its end. */
  slice(axis: number, from: number, to?: number): T {
    const at = checkAxis(axis, this.shape.length);
    const length = this.shape[at];
    const clamp = (index: number): number => Math.min(length, Math.max(0, index < 0 ? index + length : index));
    const start = clamp(from);
    const end = Math.max(start, clamp(to ?? length));
    return this.at(
      this.shape.map((n, i) => (i === at ? end - start : n)),
      this.strides,
      start * this.strides[at],
      "slice",
      [at, start],
    );
  }

  /** Element `index` of an axis, which disappears. */
  select(axis: number, index: number): T {
    const at = checkAxis(axis, this.shape.length);
    const position = index < 0 ? index + this.shape[at] : index;
    if (!Number.isInteger(index) || position < 0 || position >= this.shape[at]) {
      throw new RangeError(`Index ${index} does not exist on axis ${axis} of ${this}.`);
    }
    const without = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== at);
    const elements = position * this.strides[at];
    return this.at(without(this.shape), without(this.strides), elements, "select", [at, position]);
  }

  /** A new axis of length 1. */
  unsqueeze(axis: number): T {
    const at = checkAxis(axis, this.shape.length + 1);
    const insert = (list: readonly number[], value: number): number[] => [
      ...list.slice(0, at),
      value,
      ...list.slice(at),
    ];
    return this.at(insert(this.shape, 1), insert(this.strides, 0), 0, "unsqueeze", [at]);
  }

  /** The same elements next to each other: a view if they already are, else a copy. */
  abstract contiguous(): T;

  /** Place of element `index` (counted in elements from the first) for a kernel. */
  ref(index = 0): Ref {
    this.#check();
    return { buffer: this.storage.buffer, offset: this.offset + index * sizeOf(this.dtype) };
  }

  /** Gives up this handle; the memory is freed with the last handle on it. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.device.release(this as unknown as T);
    this.storage.release();
    this.gone();
  }

  /**
   * Lies elsewhere from now on, in a shape of its own, without changing its identity: for parameters, whose bytes come
   * and go. Takes over one handle on the storage and gives up the old one. @param offset bytes.
   */
  protected moveTo(storage: Storage, shape: Shape, offset: number): void {
    this.#check();
    const self = this as { -readonly [K in keyof View<T>]: View<T>[K] };
    this.storage.release();
    self.storage = storage;
    self.shape = [...shape];
    self.strides = contiguousStrides(shape);
    self.offset = offset;
    self.size = sizeOfShape(shape);
    self.isContiguous = true;
  }

  /** For those who keep something for as long as the handle lives. */
  protected gone(): void {}

  [Symbol.dispose](): void {
    this.dispose();
  }

  #check(): void {
    if (this.#disposed)
      throw new Error(`${this} was used after it was freed. Free it later, or return it from the scope that made it.`);
  }

  /** `f32[2,3]` */
  toString(): string {
    return `${this.dtype}[${this.shape}]`;
  }

  /**
   * Another view of the same memory, whose first element is `elements` further on.
   * @param _operation what made it, and @param _details its numbers: for whoever follows views.
   */
  protected at(
    shape: Shape,
    strides: readonly number[],
    elements: number,
    _operation: ViewOperation,
    _details?: readonly number[],
  ): T {
    this.#check();
    const offset = this.offset + elements * sizeOf(this.dtype);
    return this.device.view(this.storage.retain(), this.dtype, shape, strides, offset);
  }
}
