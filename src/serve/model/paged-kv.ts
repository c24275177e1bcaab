/**
 * Keys and values in pages: one tensor of each for every layer, [pages, pageSize, kvHeads, headDim]. Which page is whose the
 * engine knows; here a step says where its new tokens go, and which pages each sequence reads.
 */
import type { DecoderConfig } from "../../models/index.ts";
import type { KeyValueCache, Sequences } from "../../nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../tensor/index.ts";

/** Where the tokens of a step go, and what they read. */
export interface PagedStep {
  /** i32 [tokens]: the slot of each new token, page · pageSize + place. */
  readonly slots: Tensor;
  /** i32 [sequences]: keys of each sequence, the new ones included. */
  readonly lengths: Tensor;
  /** i32 [sequences, width]: block tables; what is behind a sequence's pages is not read. */
  readonly tables: Tensor;
}

/** The memory of a pool of pages. */
export class PagedKv implements KeyValueCache {
  /** Bytes of all pages. */
  readonly bytes: number;
  readonly #k: readonly Tensor[];
  readonly #v: readonly Tensor[];
  #step: PagedStep | undefined;

  /** @throws OutOfMemoryError. */
  constructor(device: TensorDevice, config: DecoderConfig, pages: number, pageSize: number) {
    const shape = [pages, pageSize, config.kvHeads, config.headDim];
    const make = (): Tensor[] => Array.from({ length: config.layers }, () => device.zeros(shape));
    [this.#k, this.#v] = device.unscoped(() => device.withTag("kv", () => [make(), make()]));
    this.bytes = 2 * config.layers * 4 * shape.reduce((product, length) => product * length, 1);
  }

  /** Runs a forward whose tokens go where a step says. */
  during<R>(step: PagedStep, forward: () => R): R {
    this.#step = step;
    try {
      return forward();
    } finally {
      this.#step = undefined;
    }
  }

  attend(layer: number, q: Tensor, k: Tensor, v: Tensor, { starts }: Sequences): Tensor {
    if (!this.#step) throw new Error("Pages are used inside during, which knows where the new tokens go.");
    const { slots, lengths, tables } = this.#step;
    const [keys, values] = [this.#k[layer], this.#v[layer]];
    for (const [pages, source] of [
      [keys, k],
      [values, v],
    ] as const) {
      const width = source.shape[1] * source.shape[2];
      const table = pages.reshape([pages.size / width, width]);
      F.indexCopy({ table, index: slots, source: source.reshape([source.shape[0], width]) });
    }
    return F.attentionPaged({ q, k: keys, v: values, qStarts: starts, lengths, tables }).o;
  }

  /** Copies whole pages. @param from and @param to i32 [pages]: their numbers. */
  copyPages(from: Tensor, to: Tensor): void {
    for (const pages of [...this.#k, ...this.#v]) {
      const [count] = pages.shape;
      const table = pages.reshape([count, pages.size / count]);
      F.indexCopy({ table, index: to, source: F.embedding({ table, index: from }) });
    }
  }

  /** Frees the memory. */
  dispose(): void {
    for (const tensor of [...this.#k, ...this.#v]) tensor.dispose();
  }
}
