/**
 * Reverse mode on one page: the float64 twin of autograd, in the form of Karpathy's micrograd, over n-d arrays.
 *
 * A Value knows its numbers, the Values it was made of, and one thing more: how a gradient that arrives at it becomes
 * the gradients of those inputs. That is an operation's derivative, and it stands beside the operation. `backward`
 * goes through the graph from its end; each Value adds up all that arrives before it passes anything on.
 */
import { Plain } from "../tensor/plain.ts";
import { checkAxis, type Shape, sameShape, sizeOfShape } from "../tensor/shape.ts";

/** Turns the gradient of a result into those of its inputs, in their order. */
export type Derivative = (grad: Plain) => readonly Plain[];

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const plus = (a: Plain, b: Plain): Plain => a.zip(b, (x, y) => x + y);
const minus = (a: Plain, b: Plain): Plain => a.zip(b, (x, y) => x - y);
const times = (a: Plain, b: Plain): Plain => a.zip(b, (x, y) => x * y);
const stretch = (x: Plain, shape: Shape): Plain => Plain.build(shape, (index) => x.at(index));
const transposed = (x: Plain): Plain => new Value(x).transpose().data;

/** Broadcasting uses a number many times, so its gradient is the sum over all uses. */
function sumTo(grad: Plain, shape: Shape): Plain {
  let sum = grad;
  while (sum.shape.length > shape.length) sum = sum.reduce(0, total);
  for (const [axis, length] of shape.entries())
    if (length === 1) sum = sum.reduce(axis, total).reshape(sum.shape.with(axis, 1));
  if (sameShape(sum.shape, shape)) return sum;
  throw new RangeError(`A derivative gave a gradient [${grad.shape}] for an input [${shape}].`);
}

/** Numbers of any shape, in float64, that remember how they were computed. Shapes broadcast as NumPy's do. */
export class Value {
  /** The numbers. */
  readonly data: Plain;
  /** Of leaves: the sum over all backward passes. What none has reached stays null, which is not zero. */
  grad: Plain | null = null;
  readonly #inputs: readonly Value[];
  readonly #derivative: Derivative;

  /** A leaf; or, with inputs, what an operation has made of them. */
  constructor(data: Plain, inputs: readonly Value[] = [], derivative: Derivative = () => []) {
    this.data = data;
    this.#inputs = inputs;
    this.#derivative = derivative;
  }

  /** A leaf. @throws RangeError when the numbers do not fill the shape. */
  static of(data: readonly number[], shape: Shape = [data.length]): Value {
    if (data.length === sizeOfShape(shape)) return new Value(new Plain(shape, data));
    throw new RangeError(`${data.length} numbers do not fill the shape [${shape}].`);
  }

  /** Length of each axis. */
  get shape(): Shape {
    return this.data.shape;
  }

  /**
   * Gives every leaf its gradient.
   * @param upstream that of this Value, in its shape; 1 if this is a loss. @throws RangeError for another shape.
   */
  backward(upstream: Plain = stretch(new Plain([], [1]), this.shape)): void {
    if (!sameShape(upstream.shape, this.shape))
      throw new RangeError(`backward of [${this.shape}] takes a gradient like it, but got [${upstream.shape}].`);
    const order = new Set<Value>(); // inputs before what was made of them
    const visit = (value: Value): void => {
      if (order.has(value)) return;
      value.#inputs.forEach(visit);
      order.add(value);
    };
    visit(this);
    const arrived = new Map<Value, Plain>();
    const arrive = (value: Value, grad: Plain): void => {
      const sum = sumTo(grad, value.shape);
      const before = arrived.get(value);
      arrived.set(value, before ? plus(before, sum) : sum);
    };
    arrive(this, upstream);
    for (const value of [...order].reverse()) {
      const grad = arrived.get(value) as Plain; // complete: all that uses this Value had its turn
      if (value.#inputs.length === 0) value.grad = value.grad ? plus(value.grad, grad) : grad;
      for (const [i, part] of value.#derivative(grad).entries()) arrive(value.#inputs[i], part);
    }
  }

  // Numbers one by one: what an operation gives, and its slope for each operand.

  neg = (): Value => this.#unary((x) => [-x, -1]);
  exp = (): Value => this.#unary((x) => [Math.exp(x), Math.exp(x)]);
  log = (): Value => this.#unary((x) => [Math.log(x), 1 / x]);
  sqrt = (): Value => this.#unary((x) => [Math.sqrt(x), 0.5 / Math.sqrt(x)]);
  tanh = (): Value => this.#unary((x) => [Math.tanh(x), 1 - Math.tanh(x) ** 2]);
  relu = (): Value => this.#unary((x) => [Math.max(x, 0), x > 0 ? 1 : 0]);
  sigmoid = (): Value => this.#unary((x) => [1 / (1 + Math.exp(-x)), 1 / (2 + Math.exp(x) + Math.exp(-x))]);

  add = (other: Value | number): Value => this.#binary(other, (a, b) => [a + b, 1, 1]);
  sub = (other: Value | number): Value => this.#binary(other, (a, b) => [a - b, 1, -1]);
  mul = (other: Value | number): Value => this.#binary(other, (a, b) => [a * b, b, a]);
  div = (other: Value | number): Value => this.#binary(other, (a, b) => [a / b, 1 / b, -a / b ** 2]);

  #unary(f: (x: number) => readonly [y: number, dx: number]): Value {
    const [y, dx] = [0, 1].map((i) => this.data.map((x) => f(x)[i]));
    return new Value(y, [this], (grad) => [times(grad, dx)]);
  }

  #binary(other: Value | number, f: (a: number, b: number) => readonly [y: number, da: number, db: number]): Value {
    const b = typeof other === "number" ? Value.of([other], []) : other;
    const [y, da, db] = [0, 1, 2].map((i) => this.data.zip(b.data, (x, y) => f(x, y)[i]));
    return new Value(y, [this, b], (grad) => [times(grad, da), times(grad, db)]);
  }

  // Sums and products.

  /**
   * Along an axis, or of all numbers; `keepdim` leaves an axis of length 1. Each number counts once, and so gets the
   * whole gradient.
   */
  sum(axis?: number, keepdim = false): Value {
    if (axis === undefined) {
      const all = this.reshape([sizeOfShape(this.shape)]).sum(0);
      return keepdim ? all.reshape(this.shape.map(() => 1)) : all;
    }
    const at = checkAxis(axis, this.shape.length);
    const kept = this.shape.with(at, 1);
    const sum = this.data.reduce(at, total);
    const derivative: Derivative = (grad) => [stretch(grad.reshape(kept), this.shape)];
    return new Value(keepdim ? sum.reshape(kept) : sum, [this], derivative);
  }

  /** The sum, divided by how many numbers went into it. */
  mean(axis?: number, keepdim = false): Value {
    const sum = this.sum(axis, keepdim);
    return sum.div(sizeOfShape(this.shape) / sizeOfShape(sum.shape));
  }

  /** eˣ / Σ eˣ. What one number gains the others lose: of the gradient, only what differs from its mean under y counts. */
  softmax(axis = -1): Value {
    const y = this.data.softmax(axis);
    return new Value(y, [this], (grad) => {
      const mean = new Value(times(grad, y)).sum(axis, true).data;
      return [times(y, minus(grad, mean))];
    });
  }

  /** [..., m, k] times [..., k, n], by the rules of torch.matmul. dA = dY·Bᵀ, dB = Aᵀ·dY. @throws RangeError unless k is one. */
  matmul(other: Value): Value {
    const [row, column] = [this.shape.length === 1, other.shape.length === 1];
    const a = row ? this.reshape([1, ...this.shape]) : this;
    const b = column ? other.reshape([...other.shape, 1]) : other;
    if (a.shape.at(-1) !== b.shape.at(-2)) throw new RangeError(`[${this.shape}] does not multiply [${other.shape}].`);
    const y = new Value(a.data.matmul(b.data), [a, b], (grad) => [
      grad.matmul(transposed(b.data)),
      transposed(a.data).matmul(grad),
    ]);
    const [m, n] = y.shape.slice(-2);
    return y.reshape([...y.shape.slice(0, -2), ...(row ? [] : [m]), ...(column ? [] : [n])]);
  }

  // The same numbers in other places: the gradient goes back to where they came from.

  /** In the same order, under another shape. @throws RangeError for another size. */
  reshape(shape: Shape): Value {
    if (sizeOfShape(shape) !== sizeOfShape(this.shape))
      throw new RangeError(`[${this.shape}] does not become [${shape}].`);
    return new Value(this.data.reshape(shape), [this], (grad) => [grad.reshape(this.shape)]);
  }

  /** Axes in another order: axis i of the result is axis order[i] of this. */
  permute(order: readonly number[]): Value {
    const back = order.map((_, axis) => order.indexOf(axis));
    return new Value(this.data.permute(order), [this], (grad) => [grad.permute(back)]);
  }

  /** Two axes exchanged. */
  transpose(a = -2, b = -1): Value {
    const [i, j] = [checkAxis(a, this.shape.length), checkAxis(b, this.shape.length)];
    return this.permute(this.shape.map((_, axis) => (axis === i ? j : axis === j ? i : axis)));
  }

  /** From `from` up to, not including, `to`. @throws RangeError for places that are not there. */
  slice(axis: number, from: number, to: number): Value {
    const at = checkAxis(axis, this.shape.length);
    if (!(from >= 0 && from <= to && to <= this.shape[at]))
      throw new RangeError(`[${this.shape}] has no ${from} to ${to} along axis ${axis}.`);
    const derivative: Derivative = (grad) => [
      Plain.build(this.shape, (index) =>
        index[at] < from || index[at] >= to ? 0 : grad.at(index.with(at, index[at] - from)),
      ),
    ];
    return new Value(this.data.slice(at, from, to), [this], derivative);
  }

  /** Rows of a table, along axis 0. A row taken twice gets both gradients. @throws RangeError for one that is not there. */
  rows(index: readonly number[]): Value {
    const [count, ...row] = this.shape;
    for (const i of index)
      if (!(Number.isInteger(i) && i >= 0 && i < count)) throw new RangeError(`[${this.shape}] has no row ${i}.`);
    const taken = Plain.build([index.length, ...row], ([i, ...rest]) => this.data.at([index[i], ...rest]));
    return new Value(taken, [this], (grad) => [
      Plain.build(this.shape, ([r, ...rest]) => total(index.map((i, at) => (i === r ? grad.at([at, ...rest]) : 0)))),
    ]);
  }
}
