/**
 * An n-dimensional array on a device, and what can be computed with it. Shape, views and
 * lifetime are in view.ts, the kernels' launches in ops.ts. Names are PyTorch's in
 * camelCase; a trailing underscore changes the tensor in place.
 *
 * Operations launch kernels and return at once. Only `item`, `toArray` and `data` wait.
 */
import { type DType, sizeOf } from "../device/index.ts";
import { isPromise, kindOf } from "../platform/words.ts";
import { decode, nest } from "./host.ts";
import * as ops from "./ops.ts";
import { View } from "./view.ts";

/** A number is an operand of the tensor's dtype that broadcasts. */
export type Operand = Tensor | number;

/** Flat elements on the host: half formats arrive as f32. */
export type HostArray = Float32Array | Int32Array | Uint8Array;

/** Numbers nested by axis; a tensor without axes is one number. */
export type Nested = number | Nested[];

function noOperand(call: string, wanted: string, got: unknown): TypeError {
  return new TypeError(`${call} needs ${wanted}, but got ${kindOf(got)}.${isPromise(got) ? " Await it first." : ""}`);
}

export class Tensor extends View {
  /** This tensor if its elements lie next to each other, else a copy; dispose either alike. */
  override contiguous(): Tensor {
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
    if (!(other instanceof Tensor)) throw noOperand(`matmul on ${this}`, "a tensor", other);
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
    if (!(source instanceof Tensor)) throw noOperand(`copy_ on ${this}`, "a tensor", source);
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

  #with(other: Operand, compute: (b: Tensor) => Tensor): Tensor {
    if (other instanceof Tensor) return compute(other);
    if (typeof other !== "number") throw noOperand(`An operation on ${this}`, "a tensor or a number", other);
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
