/**
 * A decoder under any layout: pipeline × copies × data × context × tensor parallel on one mesh, the innermost last. The
 * strategies are applied in their order, each to what the one before has left: a pipeline's stages take their layers, tensor and
 * sequence parallelism cut the parameters, recomputation surrounds the blocks, FSDP, ZeRO or DDP share out what is there over the
 * ranks that see other tokens.
 */
import { recompute } from "../../autograd/index.ts";
import { type Batch, type Block, Decoder, type DecoderConfig } from "../../models/index.ts";
import { crossEntropy, IGNORED, initialize } from "../../nn/index.ts";
import type { Tensor, TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import { type ContextCut, cutContext, type HostBatch, padBatch } from "../context/context.ts";
import { RingAttention } from "../context/ring-attention.ts";
import { DistributedDataParallel } from "../data/data-parallel.ts";
import { gradientNormOver } from "../data/norm.ts";
import { Mesh } from "../mesh.ts";
import { chunksOfSchedule, type DecoderStages } from "../pipeline/index.ts";
import { FullyShardedDataParallel } from "../shard/fully-sharded.ts";
import { overlapWeights } from "../tensor/overlap.ts";
import { sumPartialGradients } from "../tensor/partial.ts";
import { tensorParallel } from "../tensor/tensor-parallel.ts";
import { vocabularyCrossEntropy } from "../tensor/vocabulary-loss.ts";
import { type Layout, layoutText, ranksOf } from "./layout.ts";
import { Pipeline } from "./pipeline.ts";

/** How a model is made. */
export interface ParallelDecoderOptions {
  /** Of the first weights, which are the same under every layout. */
  readonly init?: number;
  /** Bytes of DDP's buckets. */
  readonly bucketBytes?: readonly number[];
}

/** A decoder that ranks share out. */
export class ParallelDecoder {
  /** How it is laid out. */
  readonly layout: Layout;
  /** Its ranks: axes pp, copies, dp, cp and tp. */
  readonly mesh: Mesh;
  /** The model, or this rank's stages of it; of its parameters a rank has its parts. */
  readonly model: Decoder | DecoderStages;
  readonly #pipeline: Pipeline | undefined;
  readonly #data: DistributedDataParallel | FullyShardedDataParallel;

  private constructor(
    layout: Layout,
    mesh: Mesh,
    model: Decoder | DecoderStages,
    data: ParallelDecoder["data"],
    pipeline: Pipeline | undefined,
  ) {
    this.layout = layout;
    this.mesh = mesh;
    this.model = model;
    this.#data = data;
    this.#pipeline = pipeline;
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
    const { pp, copies, dp, cp, tp } = layout;
    if (ranksOf(layout) !== world.size) {
      throw new RangeError(
        `The layout ${layoutText(layout)} has ${ranksOf(layout)} ranks, but the group has ${world.size}. Their numbers must be equal.`,
      );
    }
    Pipeline.check(config, layout);
    const views = [
      ["dp", "cp"],
      ["copies", "dp", "cp"],
    ];
    const mesh = await Mesh.create(world, { pp, copies, dp, cp, tp }, views);
    const whole = new Decoder(device, config, { meta: true });
    const pipeline = pp > 1 ? new Pipeline(whole, layout, mesh.group("pp")) : undefined;
    const model = pipeline?.stages ?? whole;
    if (tp > 1) await tensorParallel(model, mesh, undefined, { sequence: layout.sequence });
    const blocks = model.layers.filter((block) => block !== undefined);
    if (layout.recompute) for (const block of blocks) recomputed(device, block);
    const { init = 0 } = options;
    if (layout.data === "ddp") initialize(model, init);
    const data = await sharedOut(model, blocks, mesh, layout, options);
    if (layout.data !== "ddp") initialize(model, init);
    await pipeline?.joinTied();
    return new ParallelDecoder(layout, mesh, model, data, pipeline);
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
   * Forward and backward of a step's micro-batches. Gradients are added up; they travel with the last one, or, with stages,
   * behind it. All ranks call it, with as many micro-batches.
   * @param batches of this rank's share, the same on the ranks along pp, cp and tp; any may be empty. @param count what the sum
   *   of losses is divided by: of all targets that count, on all ranks and in all micro-batches.
   * @returns this rank's part of the mean loss, f32 [1], for `synchronize`.
   */
  async run(batches: readonly HostBatch[], count: number): Promise<Tensor> {
    const { device } = this.model;
    const total = device.unscoped(() => device.zeros([1]));
    const add = (loss: Tensor): void => void device.noGrad(() => total.add_(loss));
    if (!this.#pipeline) {
      for (const [i, batch] of batches.entries()) {
        const loss = this.backward(batch, count, { last: i === batches.length - 1 });
        add(loss);
        loss.dispose();
      }
      return total;
    }
    const stages = this.model as DecoderStages;
    const own = batches.map((batch) => this.#cut(batch));
    const rows = this.layout.sequence ? this.layout.tp : 1;
    const last = this.layout.pp * chunksOfSchedule(this.layout.schedule) - 1;
    // What a block is called with stays until its backward, which may compute it again.
    const given = device.unscoped(() => own.map((each) => this.#given(each)));
    await this.#pipeline.run(batches.length, {
      shapeOf: (m) => [own[m].tokens.length / rows, stages.config.width],
      forward: (stage, m, x) => {
        const y = stages.call(stage, given[m].batch, x, given[m].ring);
        if (stage < last) return y;
        const loss = this.#lossOf(y, own[m]).mul(count > 0 ? 1 / count : 0);
        add(loss.detach().reshape([1]));
        return loss;
      },
      backward: (body) => this.#data.noSync(() => this.#overlapped(body)),
    });
    for (const { batch } of given) for (const tensor of [batch.tokens, batch.positions, batch.starts]) tensor.dispose();
    return total;
  }

  /**
   * Forward and backward on samples of this rank's share, where there are no stages. Gradients are added up.
   * @param batch the share, the same on the ranks along cp and tp; it may be empty. @param count what the sum of losses is
   *   divided by: of all targets that count, on all ranks and in all micro-batches of the step.
   * @param options.last whether it is the step's last one: gradients start to travel then.
   * @returns this rank's part of the mean loss, f32 [1]: its sum over copies, dp and cp is the loss; along tp it is the same.
   * @throws Error with stages, of which none has both ends: `run` does all micro-batches of a step.
   */
  backward(batch: HostBatch, count: number, { last = true }: { readonly last?: boolean } = {}): Tensor {
    const { device } = this.model;
    const run = (): Tensor =>
      device.scope(() => {
        const loss = this.loss(batch).mul(count > 0 ? 1 / count : 0);
        this.#overlapped(() => loss.backward());
        return loss.detach().reshape([1]);
      });
    return last ? run() : this.#data.noSync(run);
  }

  /** Σ weight · loss of this rank's tokens, f32 []: the same along tp. @param batch as for `backward`. @throws Error with stages. */
  loss(batch: HostBatch): Tensor {
    const { model } = this;
    if (!(model instanceof Decoder)) {
      throw new Error(
        `The layout ${layoutText(this.layout)} has stages: run(batches, count) does all micro-batches of a step.`,
      );
    }
    const own = this.#cut(batch);
    const { batch: given, ring } = this.#given(own);
    return this.#lossOf(model.call(given, ring), own);
  }

  /** This rank's tokens of a batch, padded as the layout needs it. */
  #cut(batch: HostBatch): HostBatch | ContextCut {
    const { layout, mesh } = this;
    const multiple = layout.sequence ? layout.tp : 1;
    return layout.cp > 1 ? cutContext(batch, mesh.group("cp"), multiple) : padBatch(batch, multiple);
  }

  /** What a model is called with. */
  #given(own: HostBatch | ContextCut): { batch: Batch; ring: RingAttention | undefined } {
    const { device } = this.model;
    const i32 = (values: Int32Array): Tensor => device.from(values, [values.length], "i32");
    const ring = "chunk" in own ? new RingAttention(device, this.mesh.group("cp"), own) : undefined;
    return { batch: { tokens: i32(own.tokens), positions: i32(own.positions), starts: i32(own.starts) }, ring };
  }

  #lossOf(logits: Tensor, own: HostBatch): Tensor {
    const { layout, mesh } = this;
    const { device, config } = this.model;
    const target = device.from(own.targets, [own.targets.length], "i32");
    const weight = device.from(own.weights, [own.weights.length]);
    if (layout.tp === 1) return crossEntropy(logits, target, { weight, ignored: IGNORED }).sum;
    const vocabulary = config.vocabularySize;
    return vocabularyCrossEntropy(logits, target, mesh.group("tp"), { vocabulary, weight, ignored: IGNORED }).sum;
  }

  #overlapped(backward: () => void): void {
    if (this.layout.overlap) overlapWeights(this.model.device, backward);
    else backward();
  }

  /**
   * Ends a step's backward passes: gradients are whole sums afterwards, of what each rank keeps. All ranks call it once for
   * each step.
   * @param loss the sum of what `backward` gave on this rank, f32 [1]; taken over, and freed.
   * @returns the step's mean loss, the same on every rank.
   * @throws Error on every rank, naming those that it came from, when that is not a number: weights that move by such
   *   gradients are lost.
   */
  async synchronize(loss: Tensor): Promise<number> {
    const { device } = this.model;
    const group = this.mesh.group("copies", "dp", "cp");
    if (this.#pipeline) await this.mesh.group("pp").allReduce(loss); // the last stage has it
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
    this.#pipeline?.sumTied();
    return values.reduce((sum, each) => sum + each, 0);
  }

  /** The norm of all gradients of the model, and the factor that makes it at most `most`. */
  gradientNorm(most?: number): { norm: Tensor; factor: Tensor } {
    const { mesh } = this;
    return gradientNormOver(this.model.parameters(), { mesh, stages: mesh.group("pp"), most });
  }

  /** Frees the model, and what was made for it. */
  dispose(): void {
    this.#data.dispose();
    this.model.dispose();
  }
}

/** What ranks that see other tokens share: whole sums of gradients, or all state. */
function sharedOut(
  model: Decoder | DecoderStages,
  units: readonly Block[],
  mesh: Mesh,
  { data, copies, schedule }: Layout,
  { bucketBytes }: ParallelDecoderOptions,
): Promise<ParallelDecoder["data"]> {
  if (data === "ddp") {
    return DistributedDataParallel.wrap(model, { mesh, axes: ["copies", "dp", "cp"] }, { bucketBytes });
  }
  const stage = data === "zero1" ? 1 : data === "zero2" ? 2 : 3;
  const replicate = copies > 1 ? { mesh, axes: ["copies"] } : undefined;
  // What is fetched ahead is the next block of a stage; with several stages another one may come first.
  const overlap = chunksOfSchedule(schedule) === 1;
  return FullyShardedDataParallel.wrap(model, { mesh, axes: ["dp", "cp"] }, { units, stage, replicate, overlap });
}

/** Lets a block keep its input only. */
function recomputed(device: TensorDevice, block: Block): void {
  block.surround((forward, x, ...rest) => recompute(device, (y) => forward(y, ...rest), [x]));
}
