/**
 * A decoder to sample from, with matrices of 8 or 4 bits: a token reads each weight once, so that their bytes are what it
 * costs. Products that read the same stream are one matrix here (q, k and v; gate and up). Norms, biases, the rows of the
 * embedding, routers and experts stay as they are.
 */
import {
  GatedMLP,
  inF32,
  type KeyValueCache,
  type Linear,
  MLP,
  Module,
  type Parameter,
  type RotaryTables,
} from "../nn/index.ts";
import { functional as F, type Tensor } from "../tensor/index.ts";
import type { Batch, Block, Decoder } from "./decoder.ts";
import type { DecoderConfig } from "./decoder-config.ts";

type Quantized = F.Quantized;

/** Takes rows of a parameter, in f32, from one on. */
export type RowWriter = (rows: Tensor, from: number) => void;

/** Rows of a matrix of few bits are written by so many. */
const TOGETHER = 8;

/** Matrices over the same input as one, and its bias. What they hold is written later. */
class Products {
  /** One matrix, or as many as there are where their rows do not lie together. */
  readonly weights: readonly Quantized[];
  readonly bias: Tensor | undefined;
  /** Columns of each. */
  readonly sizes: readonly number[];
  /** Where each parameter's rows go. */
  readonly writers: ReadonlyMap<Parameter, RowWriter>;

  constructor(linears: readonly Linear[], bits: 8 | 4) {
    const device = linears[0].device;
    this.sizes = linears.map(({ weight }) => weight.shape[0]);
    const all = this.sizes.reduce((sum, size) => sum + size, 0);
    const columns = linears[0].weight.shape[1];
    const isOne = this.sizes.slice(0, -1).every((size) => size % TOGETHER === 0);
    this.weights = (isOne ? [all] : this.sizes).map((rows) =>
      F.emptyQuantized({ like: linears[0].weight, rows, columns, bits }),
    );
    const bias = linears[0].bias && device.empty([all]);
    this.bias = bias;
    const writers = new Map<Parameter, RowWriter>();
    let first = 0;
    for (const [i, linear] of linears.entries()) {
      const [weight, start, place] = isOne ? [this.weights[0], first, first] : [this.weights[i], 0, first];
      writers.set(linear.weight, (rows, from) => void F.quantizeRows({ w: rows, weight, row: start + from }));
      if (bias && linear.bias)
        writers.set(linear.bias, (rows, from) => {
          using part = bias.slice(0, place + from, place + from + rows.shape[0]);
          part.copy_(rows);
        });
      first += this.sizes[i];
    }
    this.writers = writers;
  }

  /** @param x f32 [tokens, in]. @returns one [tokens, out] for each matrix. */
  of(x: Tensor): Tensor[] {
    const [y, ...more] = this.weights.map((weight) => F.matmulQuantized({ x, weight }));
    if (more.length > 0) return [y, ...more].map((part, i) => this.#biased(part, i));
    if (this.bias) y.add_(this.bias);
    if (this.sizes.length === 1) return [y];
    return this.sizes.map((size, i) => y.slice(1, this.#place(i), this.#place(i) + size).contiguous());
  }

  /** Frees the matrices and the bias. */
  dispose(): void {
    for (const tensor of [...this.weights.flatMap(tensorsOf), this.bias]) tensor?.dispose();
  }

  /** Columns before those of one. */
  #place(i: number): number {
    return this.sizes.slice(0, i).reduce((sum, size) => sum + size, 0);
  }

  #biased(y: Tensor, i: number): Tensor {
    return this.bias ? y.add_(this.bias.slice(0, this.#place(i), this.#place(i) + this.sizes[i])) : y;
  }
}

/** One block's products, and the norms of the model's. */
class QuantizedBlock {
  readonly block: Block;
  readonly qkv: Products;
  readonly o: Products;
  /** Gate and up, or up alone; undefined where experts compute. */
  readonly up: Products | undefined;
  readonly down: Products | undefined;

  constructor(block: Block, bits: 8 | 4) {
    const { attention, mlp } = block;
    this.block = block;
    this.qkv = new Products([attention.q, attention.k, attention.v], bits);
    this.o = new Products([attention.o], bits);
    if (mlp instanceof GatedMLP) this.up = new Products([mlp.gate, mlp.up], bits);
    if (mlp instanceof MLP) this.up = new Products([mlp.up], bits);
    if (mlp instanceof GatedMLP || mlp instanceof MLP) this.down = new Products([mlp.down], bits);
  }

  forward(x: Tensor, batch: Batch, rotary?: RotaryTables, cache?: KeyValueCache): Tensor {
    const { attention, attentionNorm, mlpNorm, mlp } = this.block;
    const [tokens] = x.shape;
    const split = this.qkv.of(attentionNorm.call(x)).map((y) => y.reshape([tokens, -1, attention.headDim]));
    let [q, k] = split;
    const v = split[2];
    if (attention.qNorm && attention.kNorm) [q, k] = [attention.qNorm.call(q), attention.kNorm.call(k)];
    if (rotary) [q, k] = [q, k].map((each) => F.rope({ x: each, position: batch.positions, ...rotary }));
    const { starts } = batch;
    const o = cache
      ? cache.attend(attention.layer, q, k, v, batch)
      : F.attention({ q, k, v, qStarts: starts, kStarts: starts }).o;
    const y = this.o.of(o.reshape([tokens, -1]))[0].add_(x);
    const z = mlpNorm.call(y);
    if (!this.up || !this.down) return y.add_(mlp.call(z));
    const [a, b] = this.up.of(z);
    return this.down.of(b ? F.swiglu({ gate: a, up: b }) : F.gelu({ x: a }))[0].add_(y);
  }

  /** All of them. */
  get products(): Products[] {
    return [this.qkv, this.o, this.up, this.down].filter((each) => each !== undefined);
  }

  dispose(): void {
    for (const products of this.products) products.dispose();
  }
}

/** A decoder for sampling; `generate` takes it as it takes a `Decoder`. It has no gradients. */
export class QuantizedDecoder extends Module<[batch: Batch, cache?: KeyValueCache, rows?: Tensor]> {
  /** The form of the model that it was made from. */
  readonly config: DecoderConfig;
  /** Bits of a weight. */
  readonly bits: 8 | 4;
  readonly #model: Decoder;
  readonly #blocks: readonly QuantizedBlock[];
  readonly #head: Quantized;
  readonly #owns: boolean;

  /** Makes room for the matrices; `rowWriters` fills them. @param owns whether the model is freed with it. */
  constructor(model: Decoder, bits: 8 | 4, owns = false) {
    const { device, config } = model;
    super(device);
    this.config = config;
    this.bits = bits;
    this.#model = model;
    this.#owns = owns;
    const { weight } = model.head ?? model.embed;
    const [rows, columns] = weight.shape;
    [this.#blocks, this.#head] = device.unscoped(() =>
      device.withTag("parameters", () => [
        model.layers.map((block) => new QuantizedBlock(block, bits)),
        F.emptyQuantized({ like: weight, rows, columns, bits }),
      ]),
    );
  }

  /** Who takes the rows of the model's parameters that have become few bits, and their biases; of a tied embedding, too. */
  rowWriters(): Map<Parameter, RowWriter> {
    const { head, embed } = this.#model;
    const write: RowWriter = (rows, from) => void F.quantizeRows({ w: rows, weight: this.#head, row: from });
    const products = this.#blocks.flatMap((block) => block.products);
    return new Map([...products.flatMap(({ writers }) => [...writers]), [(head ?? embed).weight, write]]);
  }

  /** As `Decoder.forward`, and without a tape: no gradient passes. */
  forward(batch: Batch, cache?: KeyValueCache, rows?: Tensor): Tensor {
    return this.device.noGrad(() => this.leave(this.stream(batch, cache), rows));
  }

  /** As `Decoder.stream`, without a tape. */
  stream(batch: Batch, cache?: KeyValueCache): Tensor {
    return this.device.noGrad(() => {
      const { embed, positions, rotary } = this.#model;
      let x = embed.call(batch.tokens);
      if (positions) x = x.add(positions.call(batch.positions));
      for (const block of this.#blocks) x = this.device.scope(() => block.forward(x, batch, rotary, cache));
      return x;
    });
  }

  /** As `Decoder.leave`, without a tape. */
  leave(x: Tensor, rows?: Tensor): Tensor {
    return this.device.noGrad(() => {
      const read = rows ? F.embedding({ table: x, index: rows }) : x;
      return F.matmulQuantized({ x: this.#model.norm.call(read), weight: this.#head });
    });
  }

  /** As `Decoder.hidden`, without a tape. */
  hidden(batch: Batch, cache?: KeyValueCache): Tensor {
    return this.device.noGrad(() => this.#model.norm.call(this.stream(batch, cache)));
  }

  /** Frees its own matrices; the model's are the model's, unless it owns that. */
  override dispose(): void {
    for (const block of this.#blocks) block.dispose();
    for (const tensor of tensorsOf(this.#head)) tensor.dispose();
    if (this.#owns) this.#model.dispose();
  }
}

/**
 * A model with matrices of 8 or 4 bits, in groups of 32 as q8_0's. It goes on using the model's norms, biases, embedding and
 * experts, so the model is disposed of after it.
 * @throws RangeError for a model whose widths groups of 32 do not divide; OutOfMemoryError.
 */
export function quantizeModel(model: Decoder, bits: 8 | 4 = 8): QuantizedDecoder {
  const small = new QuantizedDecoder(model, bits);
  const { device } = model;
  device.noGrad(() => {
    for (const [parameter, write] of small.rowWriters()) device.scope(() => void write(inF32(parameter), 0));
  });
  return small;
}

function tensorsOf({ packed, scales }: Quantized): Tensor[] {
  return [packed, scales];
}
