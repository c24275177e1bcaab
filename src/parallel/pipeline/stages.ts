/**
 * The stages of a decoder that one rank has: some of its layers, under the names that they have in the whole; the embedding at
 * the first stage, norm and head at the last. A tied embedding is at both, and its gradients are summed over the two.
 */
import type { Batch, Block, Decoder, DecoderConfig } from "../../models/index.ts";
import { type Embedding, type KeyValueCache, type Linear, Module } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";

/** Layers of a stage: [from, to). */
export type LayerRange = readonly [from: number, to: number];

/**
 * Cuts layers into stages of consecutive ones, as evenly as can be; the first stages get what is over, since the last one has
 * the head besides.
 * @throws RangeError for more stages than layers.
 */
export function layersOfStages(layers: number, stages: number): LayerRange[] {
  if (!(stages >= 1) || stages > layers) {
    throw new RangeError(
      `${layers} layers cannot be cut into ${stages} stages: each stage has at least one layer. Take at most ${layers} stages.`,
    );
  }
  const cut = (stage: number): number => stage * Math.floor(layers / stages) + Math.min(stage, layers % stages);
  return Array.from({ length: stages }, (_, stage) => [cut(stage), cut(stage + 1)]);
}

/** Some stages of a decoder. */
export class DecoderStages extends Module<[stage: number, batch: Batch, x?: Tensor, cache?: KeyValueCache]> {
  /** Form of the whole. */
  readonly config: DecoderConfig;
  /** With the first stage, and with the last one if it is the head, too. */
  readonly embed: Embedding | undefined;
  /** With the first stage, where positions are learned. */
  readonly positions: Embedding | undefined;
  /** By their place in the whole; there are holes. */
  readonly layers: readonly Block[];
  /** With the last stage. */
  readonly norm: Module | undefined;
  /** With the last stage, if it is not the embedding. */
  readonly head: Linear | undefined;
  readonly #model: Decoder;
  readonly #ranges: readonly LayerRange[];

  /**
   * @param model the whole, of which what is not taken stays as it is: without bytes, if it was made so (`meta`).
   * @param ranges of all stages. @param own this rank's stages.
   */
  constructor(model: Decoder, ranges: readonly LayerRange[], own: readonly number[]) {
    super(model.device);
    const [isFirst, isLast] = [own.includes(0), own.includes(ranges.length - 1)];
    this.#model = model;
    this.#ranges = ranges;
    this.config = model.config;
    if (isFirst || (isLast && model.config.tied)) this.embed = model.embed;
    if (isFirst) this.positions = model.positions;
    const layers: Block[] = [];
    for (const stage of own) for (let i = ranges[stage][0]; i < ranges[stage][1]; i++) layers[i] = model.layers[i];
    this.layers = layers;
    if (isLast) {
      this.norm = model.norm;
      this.head = model.head;
    }
  }

  /**
   * What one stage makes of a micro-batch.
   * @param x f32 [tokens, width]: what the stage before has made; nothing for the first.
   * @param cache how attention finds what is not in the micro-batch, such as `RingAttention`.
   * @returns f32 [tokens, width], or logits [tokens, vocabularySize] at the last stage.
   */
  forward(stage: number, batch: Batch, x?: Tensor, cache?: KeyValueCache): Tensor {
    let y = x ?? this.#model.enter(batch);
    const [from, to] = this.#ranges[stage];
    for (const layer of this.layers.slice(from, to)) y = this.#model.pass(layer, y, batch, cache);
    return stage === this.#ranges.length - 1 ? this.#model.leave(y) : y;
  }

  override dispose(): void {
    this.#model.dispose();
  }
}
