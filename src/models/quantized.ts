/**
 * A decoder to sample from, with matrices of 8 or 4 bits: a token reads each weight once, so that their bytes are what it
 * costs. Products that read the same stream are one matrix here (q, k and v; gate and up). Norms, biases, the rows of the
 * embedding, routers and experts stay as they are.
 */
import {
  GatedMLP,
  type KeyValueCache,
  type Linear,
  MLP,
  Module,
  type Parameter,
  type RotaryTables,
} from "../nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../tensor/index.ts";
import type { Batch, Block, Decoder } from "./decoder.ts";
import type { DecoderConfig } from "./decoder-config.ts";
import { rotaryTables } from "./rotary.ts";

type Quantized = F.Quantized;

/** Matrices over the same input as one, and its bias. */
class Products {
  readonly weight: Quantized;
  readonly bias: Tensor | undefined;
  /** Columns of each. */
  readonly sizes: readonly number[];

  constructor(linears: readonly Linear[], bits: 8 | 4) {
    this.weight = quantizeRows(
      linears.map(({ weight }) => weight),
      bits,
    );
    this.sizes = linears.map(({ weight }) => weight.shape[0]);
    const biases = linears.flatMap(({ bias }) => (bias ? [bias] : []));
    this.bias = biases.length > 0 ? joined(biases) : undefined;
  }

  /** @param x f32 [tokens, in]. @returns one [tokens, out] for each matrix. */
  of(x: Tensor): Tensor[] {
    const y = F.matmulQuantized({ x, weight: this.weight });
    if (this.bias) y.add_(this.bias);
    if (this.sizes.length === 1) return [y];
    let from = 0;
    return this.sizes.map((size) => {
      const part = y.slice(1, from, from + size).contiguous();
      from += size;
      return part;
    });
  }

  dispose(): void {
    for (const tensor of [this.weight.packed, this.weight.scales, this.bias]) tensor?.dispose();
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

  dispose(): void {
    for (const products of [this.qkv, this.o, this.up, this.down]) products?.dispose();
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
  readonly #rotary: RotaryTables | undefined;

  /** @param positions as of the model: that many there are tables for. */
  constructor(model: Decoder, bits: 8 | 4, positions = model.config.maxPositions) {
    const { device, config } = model;
    super(device);
    this.config = config;
    this.bits = bits;
    this.#model = model;
    [this.#blocks, this.#head, this.#rotary] = device.unscoped(() =>
      device.noGrad(() =>
        device.withTag("parameters", () => [
          model.layers.map((block) => new QuantizedBlock(block, bits)),
          quantizeRows([model.head ? model.head.weight : model.embed.weight], bits),
          config.positions === "rope" ? rotaryTables(device, config, positions) : undefined,
        ]),
      ),
    );
  }

  /** As `Decoder.forward`, and without a tape: no gradient passes. */
  forward(batch: Batch, cache?: KeyValueCache, rows?: Tensor): Tensor {
    return this.device.noGrad(() => {
      const x = this.#stream(batch, cache);
      const read = rows ? F.embedding({ table: x, index: rows }) : x;
      return F.matmulQuantized({ x: this.#model.norm.call(read), weight: this.#head });
    });
  }

  /** As `Decoder.hidden`. */
  hidden(batch: Batch, cache?: KeyValueCache): Tensor {
    return this.device.noGrad(() => this.#model.norm.call(this.#stream(batch, cache)));
  }

  /** What the last layer has left. */
  #stream(batch: Batch, cache?: KeyValueCache): Tensor {
    const { embed, positions } = this.#model;
    let x = embed.call(batch.tokens);
    if (positions) x = x.add(positions.call(batch.positions));
    for (const block of this.#blocks) x = this.device.scope(() => block.forward(x, batch, this.#rotary, cache));
    return x;
  }

  /** Frees its own matrices; the model's are the model's. */
  override dispose(): void {
    for (const block of this.#blocks) block.dispose();
    const { packed, scales } = this.#head;
    for (const tensor of [packed, scales, this.#rotary?.cos, this.#rotary?.sin]) tensor?.dispose();
  }
}

/**
 * A model with matrices of 8 or 4 bits, in groups of 32 as q8_0's. It goes on using the model's norms, biases, embedding and
 * experts, so the model is disposed of after it.
 * @throws RangeError for a model whose widths groups of 32 do not divide; OutOfMemoryError.
 */
export function quantizeModel(model: Decoder, bits: 8 | 4 = 8): QuantizedDecoder {
  return new QuantizedDecoder(model, bits);
}

/** Tensors one after the other along the first axis, in f32. */
function joined(parts: readonly Parameter[]): Tensor {
  const { device } = parts[0];
  const height = parts.reduce((sum, { shape }) => sum + shape[0], 0);
  const all = (device as TensorDevice).empty([height, ...parts[0].shape.slice(1)]);
  let from = 0;
  for (const part of parts) {
    using rows = all.slice(0, from, from + part.shape[0]);
    rows.copy_(part);
    from += part.shape[0];
  }
  return all;
}

function quantizeRows(parts: readonly Parameter[], bits: 8 | 4): Quantized {
  const [first] = parts;
  if (parts.length === 1 && first.dtype === "f32") return F.quantize({ w: first, bits });
  using w = joined(parts);
  return F.quantize({ w, bits });
}
