/**
 * The plain twin of the tensor layer: float64 arrays and index arithmetic, slow and easy
 * to check by eye. Tests hold the fast version against it; lessons show it first.
 */
import { broadcastShapes, checkAxis, contiguousStrides, type Shape, sizeOfShape } from "./shape.ts";

export class Plain {
  readonly shape: Shape;
  readonly data: Float64Array;

  constructor(shape: Shape, data: ArrayLike<number>) {
    this.shape = shape;
    this.data = Float64Array.from(data);
  }

  /** A tensor of this shape whose element at each index is computed. */
  static build(shape: Shape, at: (index: number[]) => number): Plain {
    const strides = contiguousStrides(shape);
    const data = Float64Array.from({ length: sizeOfShape(shape) }, (_, flat) =>
      at(shape.map((length, axis) => Math.floor(flat / strides[axis]) % length)),
    );
    return new Plain(shape, data);
  }

  /** The element at an index; axes of length 1 repeat, missing leading axes are ignored. */
  at(index: readonly number[]): number {
    const strides = contiguousStrides(this.shape);
    const own = index.slice(index.length - this.shape.length);
    return this.data[own.reduce((sum, i, axis) => sum + (this.shape[axis] === 1 ? 0 : i) * strides[axis], 0)];
  }

  map(f: (x: number) => number): Plain {
    return new Plain(this.shape, this.data.map(f));
  }

  zip(other: Plain, f: (a: number, b: number) => number): Plain {
    return Plain.build(broadcastShapes(this.shape, other.shape), (index) => f(this.at(index), other.at(index)));
  }

  permute(order: readonly number[]): Plain {
    const shape = order.map((axis) => this.shape[axis]);
    return Plain.build(shape, (index) => this.at(this.shape.map((_, axis) => index[order.indexOf(axis)])));
  }

  slice(axis: number, from: number, to: number): Plain {
    const shape = this.shape.map((length, i) => (i === axis ? to - from : length));
    return Plain.build(shape, (index) => this.at(index.map((i, at) => (at === axis ? i + from : i))));
  }

  select(axis: number, position: number): Plain {
    const shape = this.shape.filter((_, i) => i !== axis);
    return Plain.build(shape, (index) => this.at([...index.slice(0, axis), position, ...index.slice(axis)]));
  }

  reshape(shape: Shape): Plain {
    return new Plain(shape, this.data);
  }

  /** All values along one axis, combined. */
  reduce(axis: number, f: (values: number[]) => number): Plain {
    const at = checkAxis(axis, this.shape.length);
    const shape = this.shape.filter((_, i) => i !== at);
    return Plain.build(shape, (index) =>
      f(Array.from({ length: this.shape[at] }, (_, i) => this.at([...index.slice(0, at), i, ...index.slice(at)]))),
    );
  }

  softmax(axis: number): Plain {
    const at = checkAxis(axis, this.shape.length);
    const lift = (plain: Plain): Plain => plain.reshape(this.shape.map((length, i) => (i === at ? 1 : length)));
    const top = lift(this.reduce(at, (values) => Math.max(...values)));
    const exponentials = this.zip(top, (x, m) => Math.exp(x - m));
    const sums = lift(exponentials.reduce(at, (values) => values.reduce((a, b) => a + b, 0)));
    return exponentials.zip(sums, (x, s) => x / s);
  }

  /** [..., m, k] times [..., k, n] with broadcasting of the leading axes. */
  matmul(other: Plain): Plain {
    const [m, k] = this.shape.slice(-2);
    const [, n] = other.shape.slice(-2);
    const batch = broadcastShapes(this.shape.slice(0, -2), other.shape.slice(0, -2));
    return Plain.build([...batch, m, n], (index) => {
      const lead = index.slice(0, -2);
      const [i, j] = index.slice(-2);
      let sum = 0;
      for (let p = 0; p < k; p++) sum += this.at([...lead, i, p]) * other.at([...lead, p, j]);
      return sum;
    });
  }
}
