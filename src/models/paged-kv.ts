/**
 * Keys and values in pages: for every layer one tensor of each, [pages, pageSize, kvHeads, headDim], in f32, bf16 or int8. Which
 * page is whose somebody else knows, such as an engine; here a step says where its new tokens go, and which pages each
 * sequence reads.
 */
import { type Ref, sizeOf } from "../device/index.ts";
import type { KeyValueCache, Sequences } from "../nn/index.ts";
import { functional as F, rawOf, type Tensor, type TensorDevice } from "../tensor/index.ts";
import type { DecoderConfig } from "./decoder-config.ts";

/** What keys and values are kept in. int8 has one f32 scale for each token and head: half of bf16, and 4 bytes. */
export const kvDTypes = ["f32", "bf16", "int8"] as const;
/** One of `kvDTypes`. */
export type KvDType = (typeof kvDTypes)[number];

/** Where the tokens of a step go, and what they read. */
export interface PagedStep {
  /** i32 [tokens]: the slot of each new token, page · pageSize + place. */
  readonly slots: Tensor;
  /** i32 [sequences]: keys of each sequence, the new ones included. */
  readonly lengths: Tensor;
  /** i32 [sequences, width]: block tables; what is behind a sequence's pages is not read. */
  readonly tables: Tensor;
}

type Pages = Tensor | F.Quantized8;

/** Bytes that the keys and values of one token take in all layers. */
export function kvBytesPerToken(
  { layers, kvHeads, headDim }: Pick<DecoderConfig, "layers" | "kvHeads" | "headDim">,
  dtype: KvDType,
): number {
  const bytesOfHead = { f32: 4 * headDim, bf16: 2 * headDim, int8: headDim + 4 };
  return 2 * layers * kvHeads * bytesOfHead[dtype];
}

/** The memory of a pool of pages. */
export class PagedKv implements KeyValueCache {
  /** What keys and values are kept in. */
  readonly dtype: KvDType;
  /** Bytes of all pages, scales included. */
  readonly bytes: number;
  /** Bytes of one page, scales included. */
  readonly pageBytes: number;
  readonly #device: TensorDevice;
  readonly #k: readonly Pages[];
  readonly #v: readonly Pages[];
  #step: PagedStep | undefined;

  /** @throws OutOfMemoryError. */
  constructor(device: TensorDevice, config: DecoderConfig, pages: number, pageSize: number, dtype: KvDType = "f32") {
    const shape = [pages, pageSize, config.kvHeads, config.headDim];
    const make = (): Pages => {
      if (dtype !== "int8") return device.zeros(shape, dtype);
      return { packed: device.zeros(shape, "u8"), scales: device.zeros(shape.slice(0, 3)) };
    };
    const all = (): Pages[] => Array.from({ length: config.layers }, make);
    [this.#k, this.#v] = device.unscoped(() => device.withTag("kv", () => [all(), all()]));
    this.dtype = dtype;
    this.#device = device;
    this.pageBytes = pageSize * kvBytesPerToken(config, dtype);
    this.bytes = pages * this.pageBytes;
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
    if (!this.#step) throw new Error("Keys and values are used inside during, which knows where the new tokens go.");
    const { slots: index, lengths, tables } = this.#step;
    const [keys, values] = [this.#k[layer], this.#v[layer]];
    write(keys, index, k);
    write(values, index, v);
    return F.attentionPaged({ q, k: keys, v: values, qStarts: starts, lengths, tables }).o;
  }

  /** Copies whole pages, one after the other. @param from and @param to i32 [pages]: their numbers. */
  copyPages(from: Tensor, to: Tensor): void {
    for (const table of this.#tensors()) F.copyRows({ table, from, to });
  }

  /** Bytes of pages, scales included, as they are now: what is written into the pages afterwards does not change them. */
  async readPages(pages: readonly number[]): Promise<Uint8Array[]> {
    const device = this.#device;
    const raw = rawOf(device);
    const bytes = pages.length * this.pageBytes;
    using copy = device.unscoped(() => device.noGrad(() => device.empty([bytes], "u8", "scratch")));
    const { buffer, offset } = copy.ref();
    for (const [i, page] of pages.entries())
      this.#parts(page, (ref, at, length) =>
        raw.launch("copy", [ref, { buffer, offset: offset + i * this.pageBytes + at }], [length]),
      );
    const all = await raw.read({ buffer, offset }, bytes);
    return pages.map((_, i) => all.slice(i * this.pageBytes, (i + 1) * this.pageBytes));
  }

  /** Writes what `readPages` has read, for what is launched from now on. */
  writePages(pages: readonly number[], bytes: readonly Uint8Array[]): void {
    const raw = rawOf(this.#device);
    for (const [i, page] of pages.entries())
      this.#parts(page, (ref, at, length) => raw.write(ref, bytes[i].subarray(at, at + length)));
  }

  /** Where a page lies in each tensor, and where that part begins among the page's bytes. */
  #parts(page: number, visit: (ref: Ref, at: number, length: number) => void): void {
    let at = 0;
    for (const tensor of this.#tensors()) {
      const length = (tensor.size / tensor.shape[0]) * sizeOf(tensor.dtype);
      const { buffer, offset } = tensor.ref();
      visit({ buffer, offset: offset + page * length }, at, length);
      at += length;
    }
  }

  /** Frees the memory. */
  dispose(): void {
    for (const tensor of this.#tensors()) tensor.dispose();
  }

  #tensors(): Tensor[] {
    return [...this.#k, ...this.#v].flatMap((pages) => ("packed" in pages ? [pages.packed, pages.scales] : [pages]));
  }
}

/** Writes new keys or values, in the dtype of the pages. @param source f32 [tokens, kvHeads, headDim]. */
function write(pages: Pages, index: Tensor, source: Tensor): void {
  const [tokens, heads, dim] = source.shape;
  if ("packed" in pages) {
    const table = { packed: pages.packed.reshape([-1, heads, dim]), scales: pages.scales.reshape([-1, heads]) };
    F.indexCopy({ table, index, source });
  } else {
    const table = pages.reshape([-1, heads * dim]);
    F.indexCopy({ table, index, source: source.reshape([tokens, heads * dim]) });
  }
}
