/**
 * A decoder under any layout: pipeline × copies × data × experts × context × tensor parallel on one mesh, the innermost last. The
 * strategies are applied in their order, each to what the one before has left: a pipeline's stages take their layers, tensor and
 * sequence parallelism cut the parameters, experts go to their ranks, recomputation surrounds the blocks, FSDP, ZeRO or DDP share out what is there over the
 * ranks that see other tokens.
 */
import { recompute } from "../../autograd/index.ts";
import { type Block, Decoder, type DecoderConfig } from "../../models/index.ts";
import { initialize } from "../../nn/index.ts";
import type { Tensor, TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import type { HostBatch } from "../context/context.ts";
import { DistributedDataParallel } from "../data/data-parallel.ts";
import { gradientNormOver } from "../data/norm.ts";
import { checkExperts, ExpertParallel } from "../experts/expert-parallel.ts";
import { ExpertDataParallel } from "../experts/gradients.ts";
import { Mesh } from "../mesh.ts";
import { chunksOfSchedule, type DecoderStages } from "../pipeline/index.ts";
import { FullyShardedDataParallel } from "../shard/fully-sharded.ts";
import { overlapWeights } from "../tensor/overlap.ts";
import { sumPartialGradients } from "../tensor/partial.ts";
import { tensorParallel } from "../tensor/tensor-parallel.ts";
import { type Layout, layoutText, ranksOf } from "./layout.ts";
import { MicroBatch } from "./micro-batch.ts";
import { Pipeline } from "./pipeline.ts";

/** Axes along which ranks see other tokens: all of them, and those of them whose ranks have the same experts. */
const others = ["copies", "dp", "ep", "cp"] as const;
const alike = ["dp", "cp"] as const;

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
  /** Its ranks: axes pp, copies, dp, ep, cp and tp. Those along dp and ep together are the layout's dp. */
  readonly mesh: Mesh;
  /** The model, or this rank's stages of it; of its parameters a rank has its parts. */
  readonly model: Decoder | DecoderStages;
  readonly #pipeline: Pipeline | undefined;
  readonly #experts: ExpertParallel | undefined;
  readonly #data: DistributedDataParallel | ExpertDataParallel | FullyShardedDataParallel;

  private constructor(
    layout: Layout,
    mesh: Mesh,
    model: Decoder | DecoderStages,
    data: ParallelDecoder["data"],
    { pipeline, experts }: { pipeline: Pipeline | undefined; experts: ExpertParallel | undefined },
  ) {
    this.layout = layout;
    this.mesh = mesh;
    this.model = model;
    this.#data = data;
    this.#pipeline = pipeline;
    this.#experts = experts;
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
    const { pp, copies, dp, ep, cp, tp } = layout;
    if (ranksOf(layout) !== world.size) {
      throw new RangeError(
        `The layout ${layoutText(layout)} has ${ranksOf(layout)} ranks, but the group has ${world.size}. Their numbers must be equal.`,
      );
    }
    Pipeline.check(config, layout);
    if (ep > 1) checkExperts(config.experts, ep);
    const mesh = await Mesh.create(world, { pp, copies, dp: dp / ep, ep, cp, tp }, [alike, [...others]]);
    const whole = new Decoder(device, config, { meta: true });
    const pipeline = pp > 1 ? new Pipeline(whole, layout, mesh.group("pp")) : undefined;
    const model = pipeline?.stages ?? whole;
    if (tp > 1) await tensorParallel(model, mesh, undefined, { sequence: layout.sequence });
    const experts = ep > 1 ? ExpertParallel.apply(model, mesh) : undefined;
    const blocks = model.layers.filter((block) => block !== undefined);
    if (layout.recompute) for (const block of blocks) recomputed(device, block);
    const { init = 0 } = options;
    if (layout.data === "ddp") initialize(model, init);
    const data = await sharedOut(model, blocks, mesh, layout, options);
    if (layout.data !== "ddp") initialize(model, init);
    await pipeline?.joinTied();
    return new ParallelDecoder(layout, mesh, model, data, { pipeline, experts });
  }

  /** What sums gradients over the ranks that see other tokens. */
  get data(): DistributedDataParallel | ExpertDataParallel | FullyShardedDataParallel {
    return this.#data;
  }

  /** This rank's share of a step's samples: those with its place among the ranks that see other ones. */
  shareOf<S>(samples: readonly S[]): S[] {
    const ranks = this.mesh.size("copies", "dp", "ep");
    const place = this.mesh.coordinate("copies", "dp", "ep");
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
    const micro = batches.map((batch) => this.#microBatch(batch, count));
    await this.#makeRoom(micro);
    if (!this.#pipeline) {
      for (const [i, each] of micro.entries()) {
        const loss = this.#backward(each, i === micro.length - 1);
        add(loss);
        loss.dispose();
      }
      return total;
    }
    const stages = this.model as DecoderStages;
    const rows = this.layout.sequence ? this.layout.tp : 1;
    const last = this.layout.pp * chunksOfSchedule(this.layout.schedule) - 1;
    // What a block is called with stays until its backward, which may compute it again.
    const given = micro.map((each) => each.given());
    await this.#pipeline.run(batches.length, {
      shapeOf: (m) => [micro[m].own.tokens.length / rows, stages.config.width],
      forward: (stage, m, x) => {
        const y = stages.call(stage, given[m].batch, x, given[m].ring);
        if (stage < last) return y;
        const loss = micro[m].loss(y);
        add(loss.detach().reshape([1]));
        return loss;
      },
      backward: (body) => this.#data.noSync(() => this.#overlapped(body)),
    });
    for (const each of micro) each.free();
    return total;
  }

  /**
   * Forward and backward on samples of this rank's share, where there are no stages. Gradients are added up.
   * @param batch the share, the same on the ranks along cp and tp; it may be empty. @param count what the sum of losses is
   *   divided by: of all targets that count, on all ranks and in all micro-batches of the step.
   * @param options.last whether it is the step's last one: gradients start to travel then.
   * @returns this rank's part of the mean loss, f32 [1]: its sum over copies, dp and cp is the loss; along tp it is the same.
   * @throws Error with stages, of which none has both ends, and with experts on several ranks, which first agree on room for
   *   tokens: `run` does all micro-batches of a step.
   */
  backward(batch: HostBatch, count: number, { last = true }: { readonly last?: boolean } = {}): Tensor {
    this.#checkAlone();
    return this.#backward(this.#microBatch(batch, count), last);
  }

  /**
   * Σ weight · loss of this rank's tokens, f32 []: the same along tp. @param batch as for `backward`.
   * @throws Error with stages, and with experts on several ranks.
   */
  loss(batch: HostBatch): Tensor {
    this.#checkAlone();
    const micro = this.#microBatch(batch, 0);
    try {
      return micro.lossSum(this.#logits(micro));
    } finally {
      micro.free();
    }
  }

  #backward(micro: MicroBatch, last: boolean): Tensor {
    const { device } = this.model;
    const run = (): Tensor =>
      device.scope(() => {
        const loss = micro.loss(this.#logits(micro));
        this.#overlapped(() => loss.backward());
        return loss.detach().reshape([1]);
      });
    try {
      return last ? run() : this.#data.noSync(run);
    } finally {
      micro.free();
    }
  }

  #logits(micro: MicroBatch): Tensor {
    const { batch, ring } = micro.given();
    return (this.model as Decoder).call(batch, ring);
  }

  /** @throws Error where only all micro-batches of a step can be done together. */
  #checkAlone(): void {
    const why = this.#pipeline ? "stages" : this.#experts ? "experts on several ranks" : undefined;
    if (!why) return;
    throw new Error(
      `The layout ${layoutText(this.layout)} has ${why}: run(batches, count) does all micro-batches of a step.`,
    );
  }

  #microBatch(batch: HostBatch, targets: number): MicroBatch {
    const { layout, mesh, model } = this;
    return new MicroBatch({ layout, mesh, device: model.device, config: model.config }, batch, targets);
  }

  /** Experts have room for all choices of the longest micro-batch of each rank, which all must know of. */
  async #makeRoom(micro: readonly MicroBatch[]): Promise<void> {
    const experts = this.#experts;
    if (!experts) return;
    const longest = Math.max(0, ...micro.map(({ own }) => own.tokens.length));
    const all = await this.mesh.group("ep").allGatherObject(longest);
    experts.makeRoom(all.reduce((sum, each) => sum + each, 0) * this.model.config.expertsPerToken);
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
    const group = this.mesh.group(...others);
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
  { data, copies, ep, schedule }: Layout,
  { bucketBytes }: ParallelDecoderOptions,
): Promise<ParallelDecoder["data"]> {
  const along = { mesh, axes: others };
  if (ep > 1) return ExpertDataParallel.wrap(model, along, { mesh, axes: alike }, { bucketBytes });
  if (data === "ddp") return DistributedDataParallel.wrap(model, along, { bucketBytes });
  const stage = data === "zero1" ? 1 : data === "zero2" ? 2 : 3;
  const replicate = copies > 1 ? { mesh, axes: ["copies"] } : undefined;
  // What is fetched ahead is the next block of a stage; with several stages another one may come first.
  const overlap = chunksOfSchedule(schedule) === 1;
  return FullyShardedDataParallel.wrap(model, { mesh, axes: alike }, { units, stage, replicate, overlap });
}

/** Lets a block keep its input only. */
function recomputed(device: TensorDevice, block: Block): void {
  block.surround((forward, x, ...rest) => recompute(device, (y) => forward(y, ...rest), [x]));
}
