/**
 * Float64 matrices that know how far f32 may lie from them: running error analysis, carried along with the values.
 *
 * An f32 operation gives (x op y)(1 + d) with |d| ≤ u = 2⁻²⁴. Beside each value stands its magnitude m, such that f32
 * is expected within a small k times u · m of it. Errors that arrive pass on by the slope, to first order; each
 * operation adds its own:
 *
 *     exact leaf  m = 0                        Σ x      m² = Σ m(x)² + (Σ |x|)²
 *     once        m = |x|                      x · y    m² = x² m(y)² + y² m(x)² + (x y)²
 *     f(x)        m² = (f'(x) m(x))² + f(x)²   joint Σ  m² = (Σ m(x))² + (Σ |x|)²
 *
 * A sum's own error is (Σ |x|)², not (Σ x)²: n numbers added in any order, over any ranks, err by at most u · Σ |x| times
 * the longest chain of additions (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, chapter 4). It also
 * holds what terms have in common: where all of them err by the same r · u, their sum errs by r · u · |Σ x| at most.
 *
 * What arrives adds up as squares, as if errors were independent. The triangle inequality, m = Σ m(x) + Σ |x|, would
 * need no such assumption, and is of no use here: it takes |W| for W in every product, and after two layers, forward and
 * backward, its bound for most weights was 10⁷ to 10¹³ times the largest gradient, so it catches nothing. That rounding
 * errors are rarely all of one sign, and grow with √n instead of n, is Wilkinson's rule of thumb; Higham and Mary ("A New
 * Approach to Probabilistic Rounding Error Analysis", 2019) and Ipsen and Zhou ("Probabilistic Error Analysis for Inner
 * Products", 2020) give it proofs.
 *
 * Attention is where it fails: one query's error goes to all keys with one sign, by probabilities that are never
 * negative, and comes together again in a sum over these keys. With squares alone, what was measured rose with the
 * length of a sequence, from 7 magnitudes at 128 tokens to 24 at 1000. So its sums over tokens are joint. They
 * average, with weights that add up to 1, and there the triangle inequality costs nothing.
 *
 * So m is an estimate, and k has to be measured (`judge.ts`).
 */

/** Gives a number of a result, and how fast it changes with its operand. */
export type Slope = readonly [y: number, slope: number];

/** Rows of numbers. */
export class Rounded {
  readonly rows: number;
  readonly cols: number;
  /** [rows, cols], row after row. */
  readonly value: Float64Array;
  /** The squares of their magnitudes, in the same order. */
  readonly square: Float64Array;

  constructor(rows: number, cols: number, value: Float64Array, square: Float64Array) {
    this.rows = rows;
    this.cols = cols;
    this.value = value;
    this.square = square;
  }

  /** Zeros without an error. */
  static zeros(rows: number, cols: number): Rounded {
    return new Rounded(rows, cols, new Float64Array(rows * cols), new Float64Array(rows * cols));
  }

  /** Numbers that f32 has as they are, such as weights. */
  static exact(rows: number, cols: number, data: ArrayLike<number>): Rounded {
    return new Rounded(rows, cols, Float64Array.from(data), new Float64Array(rows * cols));
  }

  /** Numbers that f32 rounds once, such as tables of cosines. */
  static once(rows: number, cols: number, data: ArrayLike<number>): Rounded {
    const value = Float64Array.from(data);
    return new Rounded(
      rows,
      cols,
      value,
      value.map((x) => x * x),
    );
  }

  /** How far f32 may lie from each number, in units of u. */
  magnitude(): Float64Array {
    return this.square.map(Math.sqrt);
  }

  /**
   * Matrix product.
   * @param other [this.cols, n]. @param joint whether errors add up as they are. @throws RangeError for other rows.
   */
  matmul(other: Rounded, joint = false): Rounded {
    if (this.cols !== other.rows)
      throw new RangeError(`[${this.rows}, ${this.cols}] does not multiply [${other.rows}, ${other.cols}].`);
    const n = other.cols;
    const made = Rounded.zeros(this.rows, n);
    const terms = new Float64Array(n); // Σ |x y| of a row's sums
    const arrived = new Float64Array(n);
    const [errors, others] = joint ? [this.magnitude(), other.magnitude()] : [this.square, other.square];
    for (let i = 0, at = 0; i < this.rows; i++) {
      terms.fill(0);
      arrived.fill(0);
      for (let from = 0; from < other.value.length; from += n, at++) {
        const [x, error] = [this.value[at], errors[at]];
        if (x === 0 && error === 0) continue; // hidden from attention, most often
        const slope = joint ? Math.abs(x) : x * x;
        for (let j = 0, to = i * n; j < n; j++, to++) {
          const y = other.value[from + j];
          made.value[to] += x * y;
          terms[j] += Math.abs(x * y);
          arrived[j] += slope * others[from + j] + error * (joint ? Math.abs(y) : y * y);
        }
      }
      for (let j = 0; j < n; j++) made.square[i * n + j] = (joint ? arrived[j] ** 2 : arrived[j]) + terms[j] ** 2;
    }
    return made;
  }

  /** Rows become columns. */
  transpose(): Rounded {
    const { rows, cols } = this;
    return this.#moved(cols, rows, (i) => (i % rows) * cols + Math.floor(i / rows));
  }

  /** Sum of two; one row, one column or one number is used for all. */
  plus(other: Rounded): Rounded {
    return this.#zip(other, (x, y, made, i, a, b) => {
      made.value[i] = x + y;
      made.square[i] = a + b + (Math.abs(x) + Math.abs(y)) ** 2;
    });
  }

  /** Product of two, number by number; one row, one column or one number is used for all. */
  times(other: Rounded): Rounded {
    return this.#zip(other, (x, y, made, i, a, b) => {
      const product = x * y;
      made.value[i] = product;
      made.square[i] = x * x * b + y * y * a + product * product;
    });
  }

  /** The other sign, which rounds nothing. */
  negated(): Rounded {
    return new Rounded(
      this.rows,
      this.cols,
      this.value.map((x) => -x),
      this.square,
    );
  }

  /** A function of each number. */
  map(f: (x: number) => Slope): Rounded {
    const made = Rounded.zeros(this.rows, this.cols);
    for (let i = 0; i < this.value.length; i++) {
      const [y, slope] = f(this.value[i]);
      made.value[i] = y;
      made.square[i] = slope * slope * this.square[i] + y * y;
    }
    return made;
  }

  /** Sums of rows: row i is added to row to[i] of a matrix with so many rows. */
  addRows(rows: number, to: (row: number) => number): Rounded {
    const { cols } = this;
    const made = Rounded.zeros(rows, cols);
    const [terms, arrived] = [new Float64Array(rows * cols), new Float64Array(rows * cols)];
    for (let i = 0; i < this.rows; i++) {
      for (let j = 0, from = i * cols, at = to(i) * cols; j < cols; j++, from++, at++) {
        made.value[at] += this.value[from];
        terms[at] += Math.abs(this.value[from]);
        arrived[at] += this.square[from];
      }
    }
    for (let i = 0; i < terms.length; i++) made.square[i] = arrived[i] + terms[i] ** 2;
    return made;
  }

  /** The sum of each row, [rows, 1]. @param joint whether errors add up as they are. */
  addColumns(joint = false): Rounded {
    return this.matmul(Rounded.exact(this.cols, 1, new Float64Array(this.cols).fill(1)), joint);
  }

  /** The sum that a number used for all rows or columns has as its gradient. */
  sumTo(rows: number, cols: number): Rounded {
    const sum = this.rows === rows ? this : this.addRows(1, () => 0);
    return sum.cols === cols ? sum : sum.addColumns();
  }

  /** log Σ exp(x) of each row's visible numbers, [rows, 1]. @param visible 0 or 1, like this. */
  logSumExp(visible: Rounded): Rounded {
    const { cols } = this;
    const made = Rounded.zeros(this.rows, 1);
    for (let i = 0; i < this.rows; i++) {
      let top = Number.NEGATIVE_INFINITY;
      for (let at = i * cols; at < (i + 1) * cols; at++) if (visible.value[at]) top = Math.max(top, this.value[at]);
      let [sum, passed, terms] = [0, 0, 0];
      for (let at = i * cols; at < (i + 1) * cols; at++) {
        const below = this.value[at] - top;
        const y = visible.value[at] * Math.exp(below);
        sum += y;
        passed += y * Math.sqrt(this.square[at]);
        terms += y * (2 - below); // the sum, the exponential, the difference
      }
      made.value[i] = top + Math.log(sum);
      made.square[i] = (passed ** 2 + terms ** 2) / sum ** 2 + (Math.log(sum) + Math.abs(top)) ** 2;
    }
    return made;
  }

  /** exp(x) / Σ exp(x) of each row's visible numbers, 0 for the others. @param visible 0 or 1, like this. */
  softmax(visible: Rounded): Rounded {
    const below = this.plus(this.logSumExp(visible).negated()).where(visible);
    return below.map((x) => [Math.exp(x), Math.exp(x)]).where(visible);
  }

  /** Zeros in the place of what is hidden. @param visible 0 or 1, like this. */
  where(visible: Rounded): Rounded {
    const kept = (numbers: Float64Array): Float64Array => numbers.map((n, i) => (visible.value[i] ? n : 0));
    return new Rounded(this.rows, this.cols, kept(this.value), kept(this.square));
  }

  /** Rows of this, in any order, any number of times. */
  takeRows(index: ArrayLike<number>): Rounded {
    const { cols } = this;
    return this.#moved(index.length, cols, (i) => index[Math.floor(i / cols)] * cols + (i % cols));
  }

  /** Columns from `from` up to, not including, `to`. */
  columns(from: number, to: number): Rounded {
    const width = to - from;
    return this.#moved(this.rows, width, (i) => Math.floor(i / width) * this.cols + from + (i % width));
  }

  /** One column, as often as asked. */
  spread(cols: number): Rounded {
    return this.#moved(this.rows, cols, (i) => Math.floor(i / cols));
  }

  /** Matrices of as many rows, side by side. */
  static beside(parts: readonly Rounded[]): Rounded {
    const cols = parts.reduce((sum, part) => sum + part.cols, 0);
    const made = Rounded.zeros(parts[0].rows, cols);
    let from = 0;
    for (const part of parts) {
      for (let i = 0; i < part.value.length; i++) {
        const at = Math.floor(i / part.cols) * cols + from + (i % part.cols);
        made.value[at] = part.value[i];
        made.square[at] = part.square[i];
      }
      from += part.cols;
    }
    return made;
  }

  #moved(rows: number, cols: number, from: (i: number) => number): Rounded {
    const made = Rounded.zeros(rows, cols);
    for (let i = 0; i < rows * cols; i++) {
      const at = from(i);
      made.value[i] = this.value[at];
      made.square[i] = this.square[at];
    }
    return made;
  }

  #zip(
    other: Rounded,
    write: (x: number, y: number, made: Rounded, i: number, xError: number, yError: number) => void,
  ): Rounded {
    const [rows, cols] = [Math.max(this.rows, other.rows), Math.max(this.cols, other.cols)];
    for (const { rows: r, cols: c } of [this, other])
      if ((r !== rows && r !== 1) || (c !== cols && c !== 1))
        throw new RangeError(`[${this.rows}, ${this.cols}] and [${other.rows}, ${other.cols}] do not broadcast.`);
    const step = (x: Rounded): [row: number, col: number] => [x.rows === 1 ? 0 : x.cols, x.cols === 1 ? 0 : 1];
    const [[down, right], [otherDown, otherRight]] = [step(this), step(other)];
    const made = Rounded.zeros(rows, cols);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const [a, b] = [i * down + j * right, i * otherDown + j * otherRight];
        write(this.value[a], other.value[b], made, i * cols + j, this.square[a], other.square[b]);
      }
    }
    return made;
  }
}
