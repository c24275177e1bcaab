/** A decoder's stages along the axis pp of a mesh, and the steps that they take by a schedule. */
import type { Decoder, DecoderConfig } from "../../models/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import {
  chunksOfSchedule,
  DecoderStages,
  layersOfStages,
  PipelineRun,
  type Schedule,
  type StageWork,
  schedules,
  stageRanks,
  TiedEmbedding,
} from "../pipeline/index.ts";
import type { Layout } from "./layout.ts";

/** This rank's stages, and how they work together with those of others. */
export class Pipeline {
  readonly stages: DecoderStages;
  readonly #layout: Layout;
  readonly #group: ProcessGroup;
  #tied: TiedEmbedding | undefined;

  /** @param model the whole, without bytes. @throws RangeError for more stages than layers. */
  constructor(model: Decoder, layout: Layout, group: ProcessGroup) {
    const home = stageRanks(scheduleOf(layout, 1));
    const own = home.flatMap((rank, stage) => (rank === group.rank ? stage : []));
    this.stages = new DecoderStages(model, layersOfStages(model.config.layers, home.length), own);
    this.#layout = layout;
    this.#group = group;
  }

  /** @throws RangeError for more stages than layers, before anything is made. */
  static check({ layers }: DecoderConfig, layout: Layout): void {
    layersOfStages(layers, layout.pp * chunksOfSchedule(layout.schedule));
  }

  /** Joins the two ranks that have a tied embedding; all ranks of the group call it, once the stages are cut in other ways. */
  async joinTied(): Promise<void> {
    this.#tied = await TiedEmbedding.join(this.stages, this.#group, stageRanks(scheduleOf(this.#layout, 1)));
  }

  /** Forward and backward of a step's micro-batches; all ranks of the group call it alike. */
  async run(microBatches: number, work: StageWork): Promise<void> {
    const { device } = this.stages;
    await new PipelineRun(this.#group, device, scheduleOf(this.#layout, microBatches), work).run();
  }

  /** Sums what two stages have of one gradient; once a step, behind every other sum. */
  sumTied(): void {
    this.#tied?.sum();
  }
}

function scheduleOf({ pp, schedule }: Layout, microBatches: number): Schedule {
  return schedules[schedule]({ ranks: pp, chunks: chunksOfSchedule(schedule), microBatches });
}
