/** Graphs by shape: one function captured for several lengths of its input. */
import type { Captured } from "./captured.ts";
import type { Tensor } from "./tensor.ts";
import type { TensorDevice } from "./tensor-device.ts";

interface Bucket {
  readonly input: Tensor;
  readonly captured: Captured<Tensor>;
}

/**
 * Graphs of one function for several lengths of its input's first axis: a run uses the smallest
 * bucket that the input fits into, padded with zeros. Buckets are captured on first use.
 */
export class GraphPool {
  readonly sizes: readonly number[];
  readonly #device: TensorDevice;
  readonly #body: (input: Tensor) => Tensor;
  readonly #buckets = new Map<number, Bucket>();
  #form: { shape: readonly number[]; dtype: Tensor["dtype"] } | undefined;

  /**
   * @param body makes the output; row i of it must depend on row i of the input only, or the padding would count.
   * @param sizes of buckets, such as powers of two. @throws RangeError unless there are some, all from 1.
   */
  constructor(device: TensorDevice, body: (input: Tensor) => Tensor, sizes: readonly number[]) {
    if (sizes.length === 0 || sizes.some((size) => !Number.isInteger(size) || size < 1)) {
      throw new RangeError(`Buckets are whole numbers from 1, such as [1, 2, 4, 8]; these are [${sizes}].`);
    }
    this.#device = device;
    this.#body = body;
    this.sizes = [...sizes].sort((a, b) => a - b);
  }

  /** Number of graphs captured so far. */
  get captured(): number {
    return this.#buckets.size;
  }

  /**
   * @returns the output for the input's rows: a view that the next run of the same bucket overwrites.
   * @throws RangeError for an input that no bucket holds, or of another shape or dtype than the first one.
   */
  run(input: Tensor): Tensor {
    const [rows, ...rest] = input.shape;
    this.#form ??= { shape: rest, dtype: input.dtype };
    const { shape, dtype } = this.#form;
    if (String(rest) !== String(shape) || input.dtype !== dtype || rows === undefined) {
      throw new RangeError(
        `These graphs are for ${dtype}[n,${shape}], but the input is ${input.dtype}[${input.shape}]. Make a pool for each shape and dtype.`,
      );
    }
    const size = this.sizes.find((each) => each >= rows);
    if (size === undefined) {
      throw new RangeError(`An input of ${rows} rows fits none of the buckets [${this.sizes}]. Add a larger one.`);
    }
    const bucket = this.#bucket(size);
    this.#device.scope(() => {
      bucket.input.slice(0, 0, rows).copy_(input);
      if (rows < size) bucket.input.slice(0, rows, size).fill_(0);
      return undefined;
    });
    bucket.captured.replay();
    return bucket.captured.output.slice(0, 0, rows);
  }

  /** Frees all graphs. */
  release(): void {
    for (const { input, captured } of this.#buckets.values()) {
      captured.release();
      input.dispose();
    }
    this.#buckets.clear();
  }

  #bucket(size: number): Bucket {
    let bucket = this.#buckets.get(size);
    if (!bucket) {
      const { shape, dtype } = this.#form as { shape: readonly number[]; dtype: Tensor["dtype"] };
      const input = this.#device.empty([size, ...shape], dtype);
      bucket = { input, captured: this.#device.capture(() => this.#body(input)) };
      this.#buckets.set(size, bucket);
    }
    return bucket;
  }
}
