/**
 * Reverse mode over matrices with running errors: `autograd/twin.ts` once more, with the few operations that a decoder
 * needs. Every derivative is made of the operations of `rounded.ts`, so gradients have magnitudes by the same rules.
 */
import { Rounded, type Slope } from "./rounded.ts";

type Derivative = (grad: Rounded) => readonly (Rounded | undefined)[];

const one = (x: number): Rounded => Rounded.once(1, 1, [x]);

/** A matrix that remembers how it was computed. */
export class Node {
  readonly data: Rounded;
  /** After `backward`: the sum of all that arrived. */
  grad: Rounded | undefined;
  readonly #inputs: readonly Node[];
  readonly #derivative: Derivative;

  /** A leaf; or, with inputs, what an operation has made of them. */
  constructor(data: Rounded, inputs: readonly Node[] = [], derivative: Derivative = () => []) {
    this.data = data;
    this.#inputs = inputs;
    this.#derivative = derivative;
  }

  get rows(): number {
    return this.data.rows;
  }

  get cols(): number {
    return this.data.cols;
  }

  /** Gives each Node that this was made of its gradient. @param upstream that of this one. */
  backward(upstream: Rounded): void {
    const order = new Set<Node>(); // inputs before what was made of them
    const visit = (node: Node): void => {
      if (order.has(node)) return;
      node.#inputs.forEach(visit);
      order.add(node);
    };
    visit(this);
    this.grad = upstream;
    for (const node of [...order].reverse()) {
      if (!node.grad) continue;
      for (const [i, part] of node.#derivative(node.grad).entries()) {
        if (!part) continue;
        const input = node.#inputs[i];
        const sum = part.sumTo(input.rows, input.cols);
        input.grad = input.grad ? input.grad.plus(sum) : sum;
      }
    }
  }

  // Number by number. The slope of a function is written once as a number, for the error that passes through it, and
  // once as what a backward pass computes from its result.

  add(other: Node): Node {
    return new Node(this.data.plus(other.data), [this, other], (grad) => [grad, grad]);
  }

  sub(other: Node): Node {
    return new Node(this.data.plus(other.data.negated()), [this, other], (grad) => [grad, grad.negated()]);
  }

  mul(other: Node): Node {
    const [x, y] = [this.data, other.data];
    return new Node(x.times(y), [this, other], (grad) => [grad.times(y), grad.times(x)]);
  }

  /** Times a number that f32 rounds. */
  scale(by: number): Node {
    return new Node(this.data.times(one(by)), [this], (grad) => [grad.times(one(by))]);
  }

  /** Plus a number that f32 rounds. */
  shift(by: number): Node {
    return new Node(this.data.plus(one(by)), [this], (grad) => [grad]);
  }

  tanh(): Node {
    return this.#map(
      (x) => [Math.tanh(x), 1 - Math.tanh(x) ** 2],
      (y) => one(1).plus(y.times(y).negated()),
    );
  }

  sigmoid(): Node {
    return this.#map(
      (x) => [1 / (1 + Math.exp(-x)), 1 / (2 + Math.exp(x) + Math.exp(-x))],
      (y) => y.times(one(1).plus(y.negated())),
    );
  }

  /** 1 / √x. */
  rsqrt(): Node {
    return this.#map(
      (x) => [1 / Math.sqrt(x), -0.5 / x ** 1.5],
      (y) => y.times(y).times(y).times(one(-0.5)),
    );
  }

  #map(f: (x: number) => Slope, slope: (y: Rounded) => Rounded): Node {
    const y = this.data.map(f);
    return new Node(y, [this], (grad) => [grad.times(slope(y))]);
  }

  // Sums and products.

  /**
   * [m, k] times [k, n]. dA = dY·Bᵀ, dB = Aᵀ·dY.
   * @param tokens where attention has its tokens besides m: along k or n. Sums over them are joint.
   */
  matmul(other: Node, tokens?: "k" | "n"): Node {
    const [a, b] = [this.data, other.data];
    return new Node(a.matmul(b, tokens === "k"), [this, other], (grad) => [
      grad.matmul(b.transpose(), tokens === "n"),
      a.transpose().matmul(grad, tokens !== undefined),
    ]);
  }

  /** Of each row, [rows, 1]. */
  sum(): Node {
    return new Node(this.data.addColumns(), [this], (grad) => [grad.spread(this.cols)]);
  }

  /** Of each row, [rows, 1]. */
  mean(): Node {
    return this.sum().scale(1 / this.cols);
  }

  /** Of all rows, [1, cols]. */
  total(): Node {
    const all = new Int32Array(this.rows);
    return new Node(
      this.data.addRows(1, () => 0),
      [this],
      (grad) => [grad.takeRows(all)],
    );
  }

  /** log Σ exp(x) of each row, [rows, 1]; each number gets its share of the gradient. */
  logSumExp(): Node {
    const all = Rounded.exact(this.rows, this.cols, new Float64Array(this.rows * this.cols).fill(1));
    return new Node(this.data.logSumExp(all), [this], (grad) => [this.data.softmax(all).times(grad)]);
  }

  /**
   * exp(x) / Σ exp(x) of each row, over columns that are tokens: of the gradient, only what differs from its mean under
   * y counts. @param visible 0 or 1, like this.
   */
  softmax(visible: Rounded): Node {
    const y = this.data.softmax(visible);
    return new Node(y, [this], (grad) => {
      const mean = grad.times(y).addColumns(true);
      return [y.times(grad.plus(mean.negated()))];
    });
  }

  /** exp(x) / Σ exp(x) of each row, over what is visible: columns that are no tokens. */
  shares(visible: Rounded): Node {
    const y = this.data.softmax(visible);
    return new Node(y, [this], (grad) => [y.times(grad.plus(grad.times(y).addColumns().negated()))]);
  }

  /** What is visible; 0 elsewhere. */
  kept(visible: Rounded): Node {
    return new Node(this.data.where(visible), [this], (grad) => [grad.where(visible)]);
  }

  // The same numbers in other places.

  transpose(): Node {
    return new Node(this.data.transpose(), [this], (grad) => [grad.transpose()]);
  }

  /** From `from` up to, not including, `to`. */
  columns(from: number, to: number): Node {
    const { rows, cols } = this;
    return new Node(this.data.columns(from, to), [this], (grad) => [
      Rounded.beside([Rounded.zeros(rows, from), grad, Rounded.zeros(rows, cols - to)]),
    ]);
  }

  /** Of as many rows each, side by side. */
  static beside(parts: readonly Node[]): Node {
    return new Node(Rounded.beside(parts.map((part) => part.data)), parts, (grad) => {
      let from = 0;
      return parts.map(({ cols }) => grad.columns(from, (from += cols)));
    });
  }

  /** Rows of a table. A row taken twice gets both gradients. */
  takeRows(index: ArrayLike<number>): Node {
    return new Node(this.data.takeRows(index), [this], (grad) => [grad.addRows(this.rows, (row) => index[row])]);
  }

  /** One number of each row, [rows, 1]. */
  pick(column: ArrayLike<number>): Node {
    const picked = Rounded.zeros(this.rows, this.cols);
    for (let i = 0; i < this.rows; i++) picked.value[i * this.cols + column[i]] = 1;
    return this.kept(picked).sum();
  }
}
