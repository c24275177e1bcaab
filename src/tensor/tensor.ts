/**
 * An n-dimensional array on a device, and what can be computed with it. Shape, views and
 * lifetime are in view.ts, the kernels' launches in ops.ts. Names are PyTorch's in
 * camelCase; a trailing underscore changes the tensor in place.
 *
 * Operations launch kernels and return at once. Only `item`, `toArray` and `data` wait.
 */
import { type BinaryOp, type DType, sizeOf } from "../device/index.ts";
import { isPromise, kindOf } from "../platform/words.ts";
import type { Comparison } from "./gate.ts";
import { decode, type HostArray, type Nested, nest } from "./host.ts";
import { View } from "./view.ts";

/** A number is an operand of the tensor's dtype that broadcasts. */
export type Operand = Tensor | number;

function noOperand(call: string, wanted: string, got: unknown): TypeError {
  return new TypeError(`${call} needs ${wanted}, but got ${kindOf(got)}.${isPromise(got) ? " Await it first." : ""}`);
}

export class Tensor extends View<Tensor> {
  /** This tensor if its elements lie next to each other, else a copy; dispose either alike. */
  override contiguous(): Tensor {
    if (this.isContiguous) return this.view();
    return this.device.apply("convert", this, this.device.empty(this.shape, this.dtype));
  }

  /** A copy. */
  clone(): Tensor {
    return this.device.apply("convert", this, this.device.empty(this.shape, this.dtype));
  }

  /** The same values in another dtype: floats truncate toward zero, u8 wraps, f16 and bf16 round to nearest even. */
  to(dtype: DType): Tensor {
    if (dtype === this.dtype) return this.view();
    return this.device.apply("convert", this, this.device.empty(this.shape, dtype));
  }

  // Arithmetic, with broadcasting.

  add(other: Operand): Tensor {
    return this.#binary("add", other);
  }

  sub(other: Operand): Tensor {
    return this.#binary("sub", other);
  }

  mul(other: Operand): Tensor {
    return this.#binary("mul", other);
  }

  div(other: Operand): Tensor {
    return this.#binary("div", other);
  }

  minimum(other: Operand): Tensor {
    return this.#binary("minimum", other);
  }

  maximum(other: Operand): Tensor {
    return this.#binary("maximum", other);
  }

  // Comparison: u8 tensors of 0 and 1.

  eq(other: Operand): Tensor {
    return this.#compare("eq", other);
  }

  ne(other: Operand): Tensor {
    return this.#compare("ne", other);
  }

  lt(other: Operand): Tensor {
    return this.#compare("lt", other);
  }

  le(other: Operand): Tensor {
    return this.#compare("le", other);
  }

  gt(other: Operand): Tensor {
    return this.#compare("gt", other);
  }

  ge(other: Operand): Tensor {
    return this.#compare("ge", other);
  }

  neg(): Tensor {
    return this.device.apply("unary", "neg", this);
  }

  abs(): Tensor {
    return this.device.apply("unary", "abs", this);
  }

  exp(): Tensor {
    return this.device.apply("unary", "exp", this);
  }

  log(): Tensor {
    return this.device.apply("unary", "log", this);
  }

  sqrt(): Tensor {
    return this.device.apply("unary", "sqrt", this);
  }

  tanh(): Tensor {
    return this.device.apply("unary", "tanh", this);
  }

  relu(): Tensor {
    return this.device.apply("unary", "relu", this);
  }

  sigmoid(): Tensor {
    return this.device.apply("unary", "sigmoid", this);
  }

  // Reductions: one axis, or all elements.

  sum(axis?: number, keepdim = false): Tensor {
    return this.device.apply("reduce", "sum", this, axis, keepdim);
  }

  prod(axis?: number, keepdim = false): Tensor {
    return this.device.apply("reduce", "product", this, axis, keepdim);
  }

  min(axis?: number, keepdim = false): Tensor {
    return this.device.apply("reduce", "min", this, axis, keepdim);
  }

  max(axis?: number, keepdim = false): Tensor {
    return this.device.apply("reduce", "max", this, axis, keepdim);
  }

  mean(axis?: number, keepdim = false): Tensor {
    return this.device.apply("mean", this, axis, keepdim);
  }

  argmax(axis?: number, keepdim = false): Tensor {
    return this.device.apply("argmax", this, axis, keepdim);
  }

  softmax(axis = -1): Tensor {
    return this.device.apply("softmax", this, axis);
  }

  matmul(other: Tensor): Tensor {
    if (!(other instanceof Tensor)) throw noOperand(`matmul on ${this}`, "a tensor", other);
    return this.device.apply("matmul", this, other);
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
    this.device.apply("convert", source, this);
    return this;
  }

  fill_(value: number): this {
    this.#mustBeContiguous("fill_");
    this.device.apply("fill", this, value);
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

  #binary(op: BinaryOp, other: Operand): Tensor {
    return this.device.apply("binary", op, this, this.#operand(other));
  }

  #compare(op: Comparison, other: Operand): Tensor {
    return this.device.apply("compare", op, this, this.#operand(other));
  }

  #operand(other: Operand): Operand {
    if (other instanceof Tensor || typeof other === "number") return other;
    throw noOperand(`An operation on ${this}`, "a tensor or a number", other);
  }

  #inPlace(op: BinaryOp, other: Operand): this {
    this.#mustBeContiguous(`${op}_`);
    this.device.apply("binary", op, this, this.#operand(other), this);
    return this;
  }

  #mustBeContiguous(call: string): void {
    if (!this.isContiguous)
      throw new RangeError(`${call} on ${this}: a view whose elements are scattered cannot be changed in place.`);
  }
}
