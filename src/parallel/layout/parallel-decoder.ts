/**
 * A decoder under any layout: copies × data × context × tensor parallel on one mesh, the innermost last. The strategies are
 * applied in their order, each to what the one before has left: tensor and sequence parallelism cut the parameters,
 * recomputation surrounds the blocks, FSDP, ZeRO or DDP share out what is there over the ranks that see other tokens.
 */
import { recompute } from "../../autograd/index.ts";
import { type Batch, Decoder, type DecoderConfig } from "../../models/index.ts";
import { crossEntropy, IGNORED, initialize } from "../../nn/index.ts";
import type { Tensor, TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import { cutContext, type HostBatch, padBatch } from "../context/context.ts";
import { RingAttention } from "../context/ring-attention.ts";
import { DistributedDataParallel } from "../data/data-parallel.ts";
import { gradientNormOver } from "../data/norm.ts";
import { Mesh } from "../mesh.ts";
import { FullyShardedDataParallel } from "../shard/fully-sharded.ts";
import { overlapWeights } from "../tensor/overlap.ts";
import { sumPartialGradients } from "../tensor/partial.ts";
import { tensorParallel } from "../tensor/tensor-parallel.ts";
import { vocabularyCrossEntropy } from "../tensor/vocabulary-loss.ts";
import { type Layout, layoutText, ranksOf } from "./layout.ts";

/** How a model is made. */
export interface ParallelDecoderOptions {
  /** Of the first weights, which are the same under every layout. */
  readonly init?: number;
  /** Bytes of DDP's buckets. */
  readonly bucketBytes?: readonly number[];
}

/** A decoder that ranks share out. */
export class ParallelDecoder {
  readonly layout: Layout;
  readonly mesh: Mesh;
  readonly model: Decoder;
  readonly #data: DistributedDataParallel | FullyShardedDataParallel;

  private constructor(layout: Layout, mesh: Mesh, model: Decoder, data: ParallelDecoder["data"]) {
    this.layout = layout;
    this.mesh = mesh;
    this.model = model;
    this.#data = data;
  }

  /**
   * Makes a model; all ranks of the group call it alike.
   * @throws RangeError, before anything is allocated, when the layout's ranks are not the group's, or heads, widths or words
   *   cannot be shared out.
   */
  static async create(
    world: ProcessGroup,
    device: TensorDevice,
    config: DecoderConfig,
    layout: Layout,
    options: ParallelDecoderOptions = {},
  ): Promise<ParallelDecoder> {
    const { copies, dp, cp, tp } = layout;
    if (ranksOf(layout) !== world.size) {
      throw new RangeError(
        `The layout ${layoutText(layout)} has ${ranksOf(layout)} ranks, but the group has ${world.size}. Their numbers must be equal.`,
      );
    }
    const mesh = await Mesh.create(world, { copies, dp, cp, tp }, [
      ["dp", "cp"],
      ["copies", "dp", "cp"],
    ]);
    const model = new Decoder(device, config, { meta: true });
    if (tp > 1) await tensorParallel(model, mesh, undefined, { sequence: layout.sequence });
    if (layout.recompute) for (const block of model.layers) recomputed(device, block);
    const { init = 0, bucketBytes } = options;
    if (layout.data === "ddp") {
      initialize(model, init);
      const along = { mesh, axes: ["copies", "dp", "cp"] };
      return new ParallelDecoder(
        layout,
        mesh,
        model,
        await DistributedDataParallel.wrap(model, along, { bucketBytes }),
      );
    }
    const sharded = await FullyShardedDataParallel.wrap(
      model,
      { mesh, axes: ["dp", "cp"] },
      {
        units: model.layers,
        stage: layout.data === "zero1" ? 1 : layout.data === "zero2" ? 2 : 3,
        replicate: copies > 1 ? { mesh, axes: ["copies"] } : undefined,
      },
    );
    initialize(model, init);
    return new ParallelDecoder(layout, mesh, model, sharded);
  }

  /** What sums gradients over the ranks that see other tokens. */
  get data(): DistributedDataParallel | FullyShardedDataParallel {
    return this.#data;
  }

  /** This rank's share of a step's samples: those with its place among the ranks that see other ones. */
  shareOf<S>(samples: readonly S[]): S[] {
    const ranks = this.mesh.size("copies", "dp");
    const place = this.mesh.coordinate("copies", "dp");
    return samples.filter((_, i) => i % ranks === place);
  }

  /**
   * Forward and backward on samples of this rank's share. Gradients are added up.
   * @param batch the share, the same on the ranks along cp and tp; it may be empty. @param count what the sum of losses is
   *   divided by: of all targets that count, on all ranks and in all micro-batches of the step.
   * @param options.last whether it is the step's last one: gradients start to travel then.
   * @returns this rank's part of the mean loss, f32 [1]: its sum over copies, dp and cp is the loss; along tp it is the same.
   */
  backward(batch: HostBatch, count: number, { last = true }: { readonly last?: boolean } = {}): Tensor {
    const { device } = this.model;
    const run = (): Tensor =>
      device.scope(() => {
        const loss = this.loss(batch).mul(count > 0 ? 1 / count : 0);
        if (this.layout.overlap) overlapWeights(device, () => loss.backward());
        else loss.backward();
        return loss.detach().reshape([1]);
      });
    return last ? run() : this.#data.noSync(run);
  }

  /** Σ weight · loss of this rank's tokens, f32 []: the same along tp. @param batch as for `backward`. */
  loss(batch: HostBatch): Tensor {
    const { model, mesh, layout } = this;
    const { device, config } = model;
    const i32 = (values: Int32Array): Tensor => device.from(values, [values.length], "i32");
    const multiple = layout.sequence ? layout.tp : 1;
    const cut = layout.cp > 1 ? cutContext(batch, mesh.group("cp"), multiple) : undefined;
    const own = cut ?? padBatch(batch, multiple);
    const ring = cut && new RingAttention(device, mesh.group("cp"), cut);
    const given: Batch = { tokens: i32(own.tokens), positions: i32(own.positions), starts: i32(own.starts) };
    const logits = model.call(given, ring);
    const [target, weight] = [i32(own.targets), device.from(own.weights, [own.weights.length])];
    if (layout.tp === 1) return crossEntropy(logits, target, { weight, ignored: IGNORED }).sum;
    const vocabulary = config.vocabularySize;
    return vocabularyCrossEntropy(logits, target, mesh.group("tp"), { vocabulary, weight, ignored: IGNORED }).sum;
  }

  /**
   * Ends a step's backward passes: gradients are whole sums afterwards, of what each rank keeps. All ranks call it once for
   * each step.
   * @param loss the sum of what `backward` gave on this rank, f32 [1]; taken over, and freed.
   * @returns the step's mean loss, the same on every rank.
   * @throws Error on every rank, naming those that it came from, when that is no number: weights that move by such
   *   gradients are lost.
   */
  async synchronize(loss: Tensor): Promise<number> {
    const { device } = this.model;
    const group = this.mesh.group("copies", "dp", "cp");
    const parts = device.unscoped(() => device.empty([group.size]));
    await group.allGather(parts, loss);
    const values = Array.from(await parts.data());
    for (const tensor of [parts, loss]) tensor.dispose();
    await this.#data.synchronize();
    const bad = group.ranks.filter((_, i) => !Number.isFinite(values[i]));
    if (bad.length > 0) {
      throw new Error(
        `The loss is ${values[group.ranks.indexOf(bad[0])]} on rank${bad.length > 1 ? "s" : ""} ${bad.join(", ")}: no step is taken. ` +
          "Look at what these ranks have read, or try a smaller learning rate.",
      );
    }
    sumPartialGradients(this.model.parameters(), this.mesh);
    return values.reduce((sum, each) => sum + each, 0);
  }

  /** The norm of all gradients of the model, and the factor that makes it at most `most`. */
  gradientNorm(most?: number): { norm: Tensor; factor: Tensor } {
    return gradientNormOver(this.model.parameters(), { mesh: this.mesh, most });
  }

  /** Frees the model, and what was made for it. */
  dispose(): void {
    this.#data.dispose();
    this.model.dispose();
  }
}

/** Lets a block keep its input only. */
function recomputed(device: TensorDevice, block: Decoder["layers"][number]): void {
  block.surround((forward, x, ...rest) => recompute(device, (y) => forward(y, ...rest), [x]));
}
