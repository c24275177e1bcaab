/**
 * An n-dimensional array on a device: a shape and strides over a buffer. Views share the
 * buffer; it is freed when the last of them is disposed. Names are PyTorch's in camelCase;
 * a trailing underscore changes the tensor in place.
 *
 * Operations launch kernels and return at once. Only `item`, `toArray` and `data` wait.
 */
import { type Buffer, type DType, type Ref, sizeOf } from "../device/index.ts";
import { decode, nest } from "./host.ts";
import * as ops from "./ops.ts";
import { checkAxis, contiguousStrides, isContiguous, type Shape, sizeOfShape } from "./shape.ts";
import type { TensorDevice } from "./tensor-device.ts";

/** A number is an operand of the tensor's dtype that broadcasts. */
export type Operand = Tensor | number;

/** Flat elements on the host: half formats arrive as f32. */
export type HostArray = Float32Array | Int32Array | Uint8Array;

/** Numbers nested by axis; a tensor without axes is one number. */
export type Nested = number | Nested[];

export class Tensor {
  readonly device: TensorDevice;
  readonly buffer: Buffer;
  readonly dtype: DType;
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

  /** Takes over one reference to the buffer. */
  constructor(
    device: TensorDevice,
    buffer: Buffer,
    dtype: DType,
    shape: Shape,
    strides: readonly number[],
    offset: number,
  ) {
    this.device = device;
    this.buffer = buffer;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.size = sizeOfShape(shape);
    this.isContiguous = isContiguous(shape, strides);
    device.adopt(this);
  }

  // Views: no data moves.

  /** A second handle on the same elements. */
  view(): Tensor {
    return this.#view(this.shape, this.strides, 0);
  }

  /** The same elements in another shape; one length may be -1. Copies only if the elements are scattered. */
  reshape(shape: Shape): Tensor {
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
    return source.#view(full, contiguousStrides(full), 0);
  }

  flatten(): Tensor {
    return this.reshape([this.size]);
  }

  /** Exchanges two axes. */
  transpose(a = -2, b = -1): Tensor {
    const from = checkAxis(a, this.shape.length);
    const to = checkAxis(b, this.shape.length);
    const order = this.shape.map((_, axis) => (axis === from ? to : axis === to ? from : axis));
    return this.permute(order);
  }

  /** Axis i of the result is axis order[i] of this. */
  permute(order: readonly number[]): Tensor {
    const axes = order.map((axis) => checkAxis(axis, this.shape.length));
    if (axes.length !== this.shape.length || new Set(axes).size !== axes.length) {
      throw new RangeError(`permute needs every axis of ${this} once, but got [${order}].`);
    }
    return this.#view(
      axes.map((axis) => this.shape[axis]),
      axes.map((axis) => this.strides[axis]),
      0,
    );
  }

  /** Elements from..to of an axis; negative numbers count from its end. */
  slice(axis: number, from: number, to?: number): Tensor {
    const at = checkAxis(axis, this.shape.length);
    const length = this.shape[at];
    const clamp = (index: number): number => Math.min(length, Math.max(0, index < 0 ? index + length : index));
    const start = clamp(from);
    const end = Math.max(start, clamp(to ?? length));
    return this.#view(
      this.shape.map((n, i) => (i === at ? end - start : n)),
      this.strides,
      start * this.strides[at],
    );
  }

  /** Element `index` of an axis, which disappears. */
  select(axis: number, index: number): Tensor {
    const at = checkAxis(axis, this.shape.length);
    const position = index < 0 ? index + this.shape[at] : index;
    if (!Number.isInteger(index) || position < 0 || position >= this.shape[at]) {
      throw new RangeError(`Index ${index} does not exist on axis ${axis} of ${this}.`);
    }
    const without = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== at);
    return this.#view(without(this.shape), without(this.strides), position * this.strides[at]);
  }

  /** A new axis of length 1. */
  unsqueeze(axis: number): Tensor {
    const at = checkAxis(axis, this.shape.length + 1);
    const insert = (list: readonly number[], value: number): number[] => [
      ...list.slice(0, at),
      value,
      ...list.slice(at),
    ];
    return this.#view(insert(this.shape, 1), insert(this.strides, 0), 0);
  }

  /** This tensor if its elements lie next to each other, else a copy; dispose either alike. */
  contiguous(): Tensor {
    if (this.isContiguous) return this.view();
    const copy = this.device.empty(this.shape, this.dtype);
    ops.convertInto(this, copy);
    return copy;
  }

  /** A copy. */
  clone(): Tensor {
    const copy = this.device.empty(this.shape, this.dtype);
    ops.convertInto(this, copy);
    return copy;
  }

  /** The same values in another dtype: floats truncate toward zero, u8 wraps, f16 and bf16 round to nearest even. */
  to(dtype: DType): Tensor {
    if (dtype === this.dtype) return this.view();
    const copy = this.device.empty(this.shape, dtype);
    ops.convertInto(this, copy);
    return copy;
  }

  // Arithmetic, with broadcasting.

  add(other: Operand): Tensor {
    return this.#with(other, (b) => ops.binary("add", this, b));
  }

  sub(other: Operand): Tensor {
    return this.#with(other, (b) => ops.binary("sub", this, b));
  }

  mul(other: Operand): Tensor {
    return this.#with(other, (b) => ops.binary("mul", this, b));
  }

  div(other: Operand): Tensor {
    return this.#with(other, (b) => ops.binary("div", this, b));
  }

  minimum(other: Operand): Tensor {
    return this.#with(other, (b) => ops.binary("minimum", this, b));
  }

  maximum(other: Operand): Tensor {
    return this.#with(other, (b) => ops.binary("maximum", this, b));
  }

  // Comparison: u8 tensors of 0 and 1.

  eq(other: Operand): Tensor {
    return this.#with(other, (b) => ops.compare("eq", this, b));
  }

  ne(other: Operand): Tensor {
    return this.#with(other, (b) => ops.compare("ne", this, b));
  }

  lt(other: Operand): Tensor {
    return this.#with(other, (b) => ops.compare("lt", this, b));
  }

  le(other: Operand): Tensor {
    return this.#with(other, (b) => ops.compare("le", this, b));
  }

  gt(other: Operand): Tensor {
    return this.#with(other, (b) => ops.compare("lt", b, this));
  }

  ge(other: Operand): Tensor {
    return this.#with(other, (b) => ops.compare("le", b, this));
  }

  neg(): Tensor {
    return ops.unary("neg", this);
  }

  abs(): Tensor {
    return ops.unary("abs", this);
  }

  exp(): Tensor {
    return ops.unary("exp", this);
  }

  log(): Tensor {
    return ops.unary("log", this);
  }

  sqrt(): Tensor {
    return ops.unary("sqrt", this);
  }

  tanh(): Tensor {
    return ops.unary("tanh", this);
  }

  relu(): Tensor {
    return ops.unary("relu", this);
  }

  sigmoid(): Tensor {
    return ops.unary("sigmoid", this);
  }

  // Reductions: one axis, or all elements.

  sum(axis?: number, keepdim = false): Tensor {
    return ops.reduce("sum", this, axis, keepdim);
  }

  prod(axis?: number, keepdim = false): Tensor {
    return ops.reduce("product", this, axis, keepdim);
  }

  min(axis?: number, keepdim = false): Tensor {
    return ops.reduce("min", this, axis, keepdim);
  }

  max(axis?: number, keepdim = false): Tensor {
    return ops.reduce("max", this, axis, keepdim);
  }

  mean(axis?: number, keepdim = false): Tensor {
    return ops.mean(this, axis, keepdim);
  }

  argmax(axis?: number, keepdim = false): Tensor {
    return ops.argmax(this, axis, keepdim);
  }

  softmax(axis = -1): Tensor {
    return ops.softmax(this, axis);
  }

  matmul(other: Tensor): Tensor {
    return ops.matmul(this, other);
  }

  // In place, on contiguous tensors.

  add_(other: Operand): this {
    return this.#inPlace("add", other);
  }

  sub_(other: Operand): this {
    return this.#inPlace("sub", other);
  }

  mul_(other: Operand): this {
    return this.#inPlace("mul", other);
  }

  div_(other: Operand): this {
    return this.#inPlace("div", other);
  }

  /** Takes over another tensor's values, broadcast and converted. */
  copy_(source: Tensor): this {
    this.#mustBeContiguous("copy_");
    ops.convertInto(source, this);
    return this;
  }

  fill_(value: number): this {
    this.#mustBeContiguous("fill_");
    this.device.fill(this, value);
    return this;
  }

  // To the host: these wait for the stream.

  /** The flat elements; half formats as f32. */
  async data(): Promise<HostArray> {
    using packed = this.contiguous();
    return decode(await this.device.raw.read(packed.ref(), packed.size * sizeOf(this.dtype)), this.dtype);
  }

  /** The elements nested by axis. */
  async toArray(): Promise<Nested> {
    return nest(await this.data(), this.shape);
  }

  /** The only element. @throws RangeError when there are more or none. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new RangeError(`item() needs one element, but ${this} has ${this.size}.`);
    return (await this.data())[0];
  }

  /** Place of element `index` (counted in elements from the first) for a kernel. */
  ref(index = 0): Ref {
    if (this.#disposed)
      throw new Error(`${this} was used after it was freed. Free it later, or return it from the scope that made it.`);
    return { buffer: this.buffer, offset: this.offset + index * sizeOf(this.dtype) };
  }

  /** Gives up this handle; the memory is freed with the last handle on it. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.device.release(this);
    this.buffer.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return `${this.dtype}[${this.shape}]`;
  }

  #view(shape: Shape, strides: readonly number[], elements: number): Tensor {
    const { buffer, offset } = this.ref(elements);
    return new Tensor(this.device, buffer.retain(), this.dtype, shape, strides, offset);
  }

  #with(other: Operand, compute: (b: Tensor) => Tensor): Tensor {
    if (typeof other !== "number") return compute(other);
    using scalar = this.device.full([], other, this.dtype);
    return compute(scalar);
  }

  #inPlace(op: ops.BinaryOp, other: Operand): this {
    this.#mustBeContiguous(`${op}_`);
    this.#with(other, (b) => ops.binary(op, this, b, this));
    return this;
  }

  #mustBeContiguous(call: string): void {
    if (!this.isContiguous)
      throw new RangeError(`${call} on ${this}: a view whose elements are scattered cannot be changed in place.`);
  }
}
