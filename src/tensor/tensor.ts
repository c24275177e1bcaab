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
import { rawOf } from "./raw.ts";
import { broadcastShapes, sameShape } from "./shape.ts";
import { Tracked } from "./tracked.ts";

/** A number is an operand of the tensor's dtype that broadcasts. */
export type Operand = Tensor | number;

function noOperand(call: string, wanted: string, got: unknown): TypeError {
  return new TypeError(`${call} needs ${wanted}, but got ${kindOf(got)}.${isPromise(got) ? " Await it first." : ""}`);
}

/** An n-dimensional array on a device. Operations return at once; `item`, `toArray` and `data` wait. */
export class Tensor extends Tracked<Tensor> {
  /** This tensor if its elements lie next to each other, else a copy; dispose either alike. */
  override contiguous(): Tensor {
    if (this.isContiguous) return this.view();
    return this.device.apply("cast", this, this.dtype);
  }

  /** A copy. */
  clone(): Tensor {
    return this.device.apply("cast", this, this.dtype);
  }

  /** The same values in another dtype: floats truncate toward zero, u8 wraps, f16 and bf16 round to nearest even. */
  to(dtype: DType): Tensor {
    if (dtype === this.dtype) return this.view();
    return this.device.apply("cast", this, dtype);
  }

  // Arithmetic, with broadcasting.

  /** a + b, with broadcasting. @throws TypeError for two dtypes; RangeError for shapes that do not broadcast. The same holds below. */
  add(other: Operand): Tensor {
    return this.#binary("add", other);
  }

  /** a - b, with broadcasting. */
  sub(other: Operand): Tensor {
    return this.#binary("sub", other);
  }

  /** a · b element by element, with broadcasting. */
  mul(other: Operand): Tensor {
    return this.#binary("mul", other);
  }

  /** a / b, with broadcasting. @throws TypeError for integers. */
  div(other: Operand): Tensor {
    return this.#binary("div", other);
  }

  /** The smaller of a and b, with broadcasting. */
  minimum(other: Operand): Tensor {
    return this.#binary("minimum", other);
  }

  /** The larger of a and b, with broadcasting. */
  maximum(other: Operand): Tensor {
    return this.#binary("maximum", other);
  }

  // Comparison: u8 tensors of 0 and 1.

  /** u8: 1 where a = b, else 0, with broadcasting. */
  eq(other: Operand): Tensor {
    return this.#compare("eq", other);
  }

  /** u8: 1 where a ≠ b. */
  ne(other: Operand): Tensor {
    return this.#compare("ne", other);
  }

  /** u8: 1 where a < b. */
  lt(other: Operand): Tensor {
    return this.#compare("lt", other);
  }

  /** u8: 1 where a ≤ b. */
  le(other: Operand): Tensor {
    return this.#compare("le", other);
  }

  /** u8: 1 where a > b. */
  gt(other: Operand): Tensor {
    return this.#compare("gt", other);
  }

  /** u8: 1 where a ≥ b. */
  ge(other: Operand): Tensor {
    return this.#compare("ge", other);
  }

  /** -x, same shape and dtype. */
  neg(): Tensor {
    return this.device.apply("unary", "neg", this);
  }

  /** The absolute value. */
  abs(): Tensor {
    return this.device.apply("unary", "abs", this);
  }

  /** eˣ. @throws TypeError for integers, as the next ones do. */
  exp(): Tensor {
    return this.device.apply("unary", "exp", this);
  }

  /** The natural logarithm; of 0 it is -Infinity, of less NaN. */
  log(): Tensor {
    return this.device.apply("unary", "log", this);
  }

  /** The square root; of less than 0 NaN. */
  sqrt(): Tensor {
    return this.device.apply("unary", "sqrt", this);
  }

  /** The hyperbolic tangent. */
  tanh(): Tensor {
    return this.device.apply("unary", "tanh", this);
  }

  /** max(x, 0), also of integers. */
  relu(): Tensor {
    return this.device.apply("unary", "relu", this);
  }

  /** 1 / (1 + e⁻ˣ). */
  sigmoid(): Tensor {
    return this.device.apply("unary", "sigmoid", this);
  }

  // Reductions: one axis, or all elements.

  /** The sum along an axis, or of all elements; of integers as i32. `keepdim` leaves an axis of length 1. */
  sum(axis?: number, keepdim = false): Tensor {
    return this.device.apply("reduce", "sum", this, axis, keepdim);
  }

  /** The product along an axis, or of all elements. */
  prod(axis?: number, keepdim = false): Tensor {
    return this.device.apply("reduce", "product", this, axis, keepdim);
  }

  /** The minimum along an axis, or of all. @throws RangeError for none. */
  min(axis?: number, keepdim = false): Tensor {
    return this.device.apply("reduce", "min", this, axis, keepdim);
  }

  /** The maximum along an axis, or of all. @throws RangeError for none. */
  max(axis?: number, keepdim = false): Tensor {
    return this.device.apply("reduce", "max", this, axis, keepdim);
  }

  /** The mean along an axis, or of all elements, summed in f32. @throws TypeError for integers. */
  mean(axis?: number, keepdim = false): Tensor {
    return this.device.apply("mean", this, axis, keepdim);
  }

  /** i32: where the first maximum along an axis is, or in the flattened tensor. @throws RangeError for no elements. */
  argmax(axis?: number, keepdim = false): Tensor {
    return this.device.apply("argmax", this, axis, keepdim);
  }

  /** eˣ / Σ eˣ along an axis, computed in f32. @throws TypeError for integers. */
  softmax(axis = -1): Tensor {
    return this.device.apply("softmax", this, axis);
  }

  /**
   * The matrix product, with the rules of torch.matmul: [..., m, k] by [..., k, n] gives [..., m, n]; one axis is a row or a column.
   * @throws RangeError for inner lengths that differ; TypeError for integers, or two dtypes.
   */
  matmul(other: Tensor): Tensor {
    if (!(other instanceof Tensor)) throw noOperand(`matmul on ${this}`, "a tensor", other);
    return this.device.apply("matmul", this, other);
  }

  // In place, on contiguous tensors.

  /** x += b. @throws RangeError for scattered elements, or when b broadcasts beyond x. The same holds below. */
  add_(other: Operand): this {
    return this.#inPlace("add", other);
  }

  /** x -= b. */
  sub_(other: Operand): this {
    return this.#inPlace("sub", other);
  }

  /** x *= b, element by element. */
  mul_(other: Operand): this {
    return this.#inPlace("mul", other);
  }

  /** x /= b. @throws TypeError for integers. */
  div_(other: Operand): this {
    return this.#inPlace("div", other);
  }

  /** Takes over another tensor's values, broadcast to this shape (or RangeError) and converted. */
  copy_(source: Tensor): this {
    this.#mayChange("copy_", source);
    if (!(source instanceof Tensor)) throw noOperand(`copy_ on ${this}`, "a tensor", source);
    const shape = broadcastShapes(source.shape, this.shape);
    if (!sameShape(shape, this.shape)) throw new RangeError(`copy_ from [${source.shape}] does not fit ${this}.`);
    this.device.apply("convert", source, this);
    return this;
  }

  /** Sets all elements. */
  fill_(value: number): this {
    this.#mayChange("fill_", value);
    this.device.apply("fill", this, value);
    return this;
  }

  // To the host: these wait for the stream.

  /** The flat elements; half formats as f32. */
  async data(): Promise<HostArray> {
    using packed = this.contiguous();
    return decode(await rawOf(this.device).read(packed.ref(), packed.size * sizeOf(this.dtype)), this.dtype);
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
    this.#mayChange(`${op}_`, other);
    this.device.apply("binary", op, this, this.#operand(other), this);
    return this;
  }

  /** Changes in place are for values that no gradient flows through: the tape would not know of them. */
  #mayChange(call: string, other: unknown): void {
    if (!this.isContiguous)
      throw new RangeError(
        `${call} on ${this}: a view whose elements are scattered cannot be changed in place. Compute a new tensor, or write by functional.place_.`,
      );
    if (!this.device.tape.recording) return;
    const tracked = this.requiresGrad
      ? ""
      : other instanceof Tensor && other.requiresGrad
        ? `, with ${other}`
        : undefined;
    if (tracked === undefined) return;
    throw new Error(
      `${call} on ${this}${tracked}: gradients flow through ${tracked ? "what it would add in" : "it"}, and a change in ` +
        "place would lose them. Use the form that gives a new tensor, or change it inside device.noGrad(() => …).",
    );
  }
}
