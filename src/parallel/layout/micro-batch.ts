/** What a rank makes of a micro-batch: its own tokens, padded as the layout needs them, and the loss of what it computes. */
import type { Batch, DecoderConfig } from "../../models/index.ts";
import { crossEntropy, IGNORED } from "../../nn/index.ts";
import type { Tensor, TensorDevice } from "../../tensor/index.ts";
import { type ContextCut, cutContext, type HostBatch, padBatch } from "../context/context.ts";
import { RingAttention } from "../context/ring-attention.ts";
import type { Mesh } from "../mesh.ts";
import { vocabularyCrossEntropy } from "../tensor/vocabulary-loss.ts";
import type { Layout } from "./layout.ts";

/** A model whose micro-batches these are. */
export interface OfModel {
  readonly layout: Layout;
  readonly mesh: Mesh;
  readonly device: TensorDevice;
  readonly config: DecoderConfig;
}

/** A micro-batch on one rank. */
export class MicroBatch {
  /** This rank's tokens. */
  readonly own: HostBatch | ContextCut;
  readonly #of: OfModel;
  /** Of the samples, without padding. */
  readonly #tokens: number;
  /** Of the step, on all ranks. */
  readonly #targets: number;
  #tensors: Tensor[] = [];

  /** @param targets of the step, on all ranks and in all micro-batches: what the sum of losses is divided by. */
  constructor(of: OfModel, batch: HostBatch, targets: number) {
    const { layout, mesh } = of;
    const multiple = layout.sequence ? layout.tp : 1;
    this.own = layout.cp > 1 ? cutContext(batch, mesh.group("cp"), multiple) : padBatch(batch, multiple);
    this.#of = of;
    this.#tokens = batch.tokens.length;
    this.#targets = targets;
  }

  /** What a model is called with. Its tensors stay until `free`. */
  given(): { batch: Batch; ring: RingAttention | undefined } {
    const { own } = this;
    const { device, mesh, config } = this.#of;
    return device.unscoped(() => {
      const i32 = (values: Int32Array): Tensor => this.#keep(device.from(values, [values.length], "i32"));
      const ring = "chunk" in own ? new RingAttention(device, mesh.group("cp"), own) : undefined;
      const batch: Batch = { tokens: i32(own.tokens), positions: i32(own.positions), starts: i32(own.starts) };
      return { batch: config.experts > 0 ? { ...batch, mixture: this.#mixture() } : batch, ring };
    });
  }

  /** Σ weight · loss, over the number of targets, f32 []: of this rank's tokens, the same along tp. */
  loss(logits: Tensor): Tensor {
    return this.lossSum(logits).mul(this.#targets > 0 ? 1 / this.#targets : 0);
  }

  /** Σ weight · loss of this rank's tokens, f32 []. */
  lossSum(logits: Tensor): Tensor {
    const { own } = this;
    const { device, layout, mesh, config } = this.#of;
    const target = device.from(own.targets, [own.targets.length], "i32");
    const weight = device.from(own.weights, [own.weights.length]);
    if (layout.tp === 1) return crossEntropy(logits, target, { weight, ignored: IGNORED }).sum;
    const vocabulary = config.vocabularySize;
    return vocabularyCrossEntropy(logits, target, mesh.group("tp"), { vocabulary, weight, ignored: IGNORED }).sum;
  }

  /** Frees what `given` made. */
  free(): void {
    for (const tensor of this.#tensors.splice(0)) tensor.dispose();
  }

  /** Terms of balance are in proportion to targets, so that they add up to one mean; along tp each rank has a part of them. */
  #mixture(): NonNullable<Batch["mixture"]> {
    const { own } = this;
    const { device, layout } = this.#of;
    const isReal = (i: number): boolean => ("rows" in own ? own.rows[i] : i) < this.#tokens;
    const real = Float32Array.from(own.tokens, (_, i) => Number(isReal(i)));
    const count = real.reduce((sum, each) => sum + each, 0);
    const targets = own.targets.reduce((sum, each) => sum + Number(each !== IGNORED), 0);
    const share = this.#targets > 0 ? targets / this.#targets / layout.tp : 0;
    if (count === real.length) return { share };
    return { share, count, real: this.#keep(device.from(real, [real.length])) };
  }

  #keep(tensor: Tensor): Tensor {
    this.#tensors.push(tensor);
    return tensor;
  }
}
