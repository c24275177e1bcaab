/**
 * Keys and values in pages: one tensor of each for every layer, [pages, pageSize, kvHeads, headDim]. Which page is whose the
 * engine knows; here a step says where its new tokens go, and which pages each sequence reads.
 */
import type { DecoderConfig } from "../../models/index.ts";
import type { KeyValueCache, Sequences } from "../../nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { PageMemory } from "../engine/runner.ts";

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
export class PagedKv implements KeyValueCache, PageMemory {
  /** Bytes of all pages. */
  readonly bytes: number;
  readonly #device: TensorDevice;
  readonly #k: readonly Tensor[];
  readonly #v: readonly Tensor[];
  #step: PagedStep | undefined;

  /** @throws OutOfMemoryError. */
  constructor(device: TensorDevice, config: DecoderConfig, pages: number, pageSize: number) {
    this.#device = device;
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
    for (const table of this.#tables()) F.indexCopy({ table, index: to, source: F.embedding({ table, index: from }) });
  }

  /** Bytes of one page. */
  get pageBytes(): number {
    return this.bytes / this.#k[0].shape[0];
  }

  /** Pages as they are now: what is gathered here stays as it is, however long the host takes to read it. */
  async readPages(pages: readonly number[]): Promise<Uint8Array[]> {
    const device = this.#device;
    const parts = device.noGrad(() =>
      device.scope(() => {
        const index = device.from(pages, [pages.length], "i32");
        return this.#tables().map((table) => F.embedding({ table, index }));
      }),
    );
    const bytes = pages.map(() => new Uint8Array(this.pageBytes));
    for (const [i, part] of parts.entries()) {
      const values = (await part.data()) as Float32Array;
      const width = part.shape[1];
      for (const [at, page] of bytes.entries())
        page.set(new Uint8Array(values.slice(at * width, (at + 1) * width).buffer), i * width * 4);
      part.dispose();
    }
    return bytes;
  }

  writePages(pages: readonly number[], bytes: readonly Uint8Array[]): void {
    const device = this.#device;
    device.noGrad(() =>
      device.scope(() => {
        const index = device.from(pages, [pages.length], "i32");
        for (const [i, table] of this.#tables().entries()) {
          const width = table.shape[1];
          const values = new Float32Array(pages.length * width);
          for (const [at, page] of bytes.entries())
            values.set(new Float32Array(page.slice(i * width * 4, (i + 1) * width * 4).buffer), at * width);
          F.indexCopy({ table, index, source: device.from(values, [pages.length, width]) });
        }
        return [];
      }),
    );
  }

  /** Keys and values of all layers, a page a row. */
  #tables(): Tensor[] {
    return [...this.#k, ...this.#v].map((pages) => pages.reshape([pages.shape[0], pages.size / pages.shape[0]]));
  }

  /** Frees the memory. */
  dispose(): void {
    for (const tensor of [...this.#k, ...this.#v]) tensor.dispose();
  }
}
