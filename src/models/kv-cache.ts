/**
 * Keys and values of earlier tokens, the plain form: each sequence has a row of fixed capacity in one tensor per
 * layer. A server needs pages; to sample from a model this is enough, and it is what pages are compared with.
 */
import type { KeyValueCache, Sequences } from "../nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../tensor/index.ts";
import type { DecoderConfig } from "./decoder-config.ts";

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
  readonly #k: readonly Tensor[];
  readonly #v: readonly Tensor[];
  /** i32 [sequences, 1]: each sequence has one page, its row. */
  readonly #tables: Tensor;
  readonly #lengths: number[];
  #step: CacheStep | undefined;

  /** @throws OutOfMemoryError. */
  constructor(device: TensorDevice, config: DecoderConfig, sequences: number, capacity: number) {
    this.#device = device;
    this.capacity = capacity;
    this.#lengths = Array<number>(sequences).fill(0);
    const shape = [sequences, capacity, config.kvHeads, config.headDim];
    const make = (): Tensor[] => Array.from({ length: config.layers }, () => device.zeros(shape));
    [this.#k, this.#v] = device.unscoped(() => device.withTag("kv", () => [make(), make()]));
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
  during<R>(step: CacheStep, forward: () => R): R {
    this.#step = step;
    try {
      return forward();
    } finally {
      this.#step = undefined;
    }
  }

  attend(layer: number, q: Tensor, k: Tensor, v: Tensor, { starts }: Sequences): Tensor {
    if (!this.#step) throw new Error("A cache is used inside extend, which knows where the new tokens go.");
    const { rows, lengths } = this.#step;
    const [keys, values] = [this.#k[layer], this.#v[layer]];
    for (const [cache, source] of [
      [keys, k],
      [values, v],
    ] as const) {
      const width = source.shape[1] * source.shape[2];
      // A row is written once, onto zeros: adding is writing.
      const table = cache.reshape([cache.size / width, width]);
      F.embeddingBackward({ table, index: rows, source: source.reshape([source.shape[0], width]) });
    }
    return F.attentionPaged({ q, k: keys, v: values, qStarts: starts, lengths, tables: this.#tables }).o;
  }

  /** Frees the memory. */
  dispose(): void {
    for (const tensor of [...this.#k, ...this.#v, this.#tables]) tensor.dispose();
  }
}
