/**
 * Keys and values of earlier tokens, the plain form: each sequence has one page of fixed capacity. A server shares smaller
 * ones out; to sample from a model this is enough, and it is what a server's are compared with.
 */
import type { KeyValueCache, Sequences } from "../nn/index.ts";
import type { Tensor, TensorDevice } from "../tensor/index.ts";
import type { DecoderConfig } from "./decoder-config.ts";
import { PagedKv } from "./paged-kv.ts";

/** What is told of the tokens of one forward. */
export interface CacheStep {
  /** i32 [tokens]: the row of the cache that each token is written to. */
  readonly rows: Tensor;
  /** i32 [sequences]: keys of each sequence, the new ones included. */
  readonly lengths: Tensor;
}

/** Keys and values of several sequences, each in a row of its own. */
export class KvCache implements KeyValueCache {
  /** Most tokens of a sequence. */
  readonly capacity: number;
  readonly #device: TensorDevice;
  readonly #pages: PagedKv;
  /** i32 [sequences, 1]: each sequence has one page, its row. */
  readonly #tables: Tensor;
  readonly #lengths: number[];

  /** @throws OutOfMemoryError. */
  constructor(device: TensorDevice, config: DecoderConfig, sequences: number, capacity: number) {
    this.#device = device;
    this.capacity = capacity;
    this.#lengths = Array<number>(sequences).fill(0);
    this.#pages = new PagedKv(device, config, sequences, capacity);
    const rows = Array.from({ length: sequences }, (_, s) => s);
    this.#tables = device.unscoped(() => device.from(rows, [sequences, 1], "i32"));
  }

  /** Tokens that each sequence has. */
  get lengths(): readonly number[] {
    return this.#lengths;
  }

  /**
   * Makes room for new tokens, in the order of the sequences.
   * @param counts new tokens of each sequence.
   * @returns the row of the cache that each token is written to.
   * @throws RangeError when a sequence would grow beyond the capacity; then nothing has grown.
   */
  grow(counts: readonly number[]): number[] {
    const rows: number[] = [];
    for (const [s, count] of counts.entries()) {
      const length = this.#lengths[s];
      if (length + count > this.capacity) {
        throw new RangeError(`Sequence ${s} has ${length} tokens, and ${count} more do not fit into ${this.capacity}.`);
      }
      for (let i = 0; i < count; i++) rows.push(s * this.capacity + length + i);
    }
    for (const [s, count] of counts.entries()) this.#lengths[s] += count;
    return rows;
  }

  /** Makes room for new tokens and runs a forward over them. @param counts and @throws as `grow`. */
  extend<R>(counts: readonly number[], forward: () => R): R {
    const rows = this.grow(counts);
    const device = this.#device;
    using at = device.unscoped(() => device.from(rows, [rows.length], "i32"));
    using lengths = device.unscoped(() => device.from(this.#lengths, [this.#lengths.length], "i32"));
    return this.during({ rows: at, lengths }, forward);
  }

  /** Runs a forward whose tokens `grow` has made room for. */
  during<R>({ rows, lengths }: CacheStep, forward: () => R): R {
    return this.#pages.during({ slots: rows, lengths, tables: this.#tables }, forward);
  }

  attend(layer: number, q: Tensor, k: Tensor, v: Tensor, sequences: Sequences): Tensor {
    return this.#pages.attend(layer, q, k, v, sequences);
  }

  /** Frees the memory. */
  dispose(): void {
    this.#pages.dispose();
    this.#tables.dispose();
  }
}
