/**
 * What a rank keeps of parameters, gradients and moments: which parameters lie on a stage, what tensor and expert parallelism
 * leave of them, and what ZeRO's stages leave of that (Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion
 * Parameter Models", 2020: 2Ψ + 2Ψ + 12Ψ in mixed precision, of which stage 1 shares out 12Ψ, stage 2 also 2Ψ, stage 3 all).
 */
import { chunksOfSchedule, layersOfStages } from "../pipeline/index.ts";
import { dataRanks, expertRanks, type PlannedLayout } from "./layout.ts";
import { elementsOf, type ParameterList, type PlannedModel, type PlannedParameter, parametersOf } from "./model.ts";
import type { Precision } from "./run.ts";

/** How many parameters a rank has of its stage, before ZeRO shares them out. */
export interface StageParameters {
  /** Of one block: of all but experts, and of this rank's experts. */
  readonly block: number;
  readonly experts: number;
  /** Blocks of the rank. */
  readonly blocks: number;
  /** Outside the blocks. */
  readonly rest: number;
}

/** Parameters of a pipeline's ranks; where an axis does not divide, those of the first rank, which has more. */
export class StageTable {
  readonly #model: PlannedModel;
  readonly #list: ParameterList;
  readonly #known = new Map<string, StageParameters>();

  constructor(model: PlannedModel) {
    this.#model = model;
    this.#list = parametersOf(model);
  }

  /** @param rank along pp. @param chunks stages of each rank in an interleaved schedule. */
  of(layout: PlannedLayout, rank: number, chunks = 2): StageParameters {
    const { pp, tp, ep, schedule } = layout;
    const key = `${pp} ${tp} ${ep} ${schedule} ${chunks} ${rank}`;
    const found = this.#known.get(key) ?? this.#count(layout, rank, chunks);
    this.#known.set(key, found);
    return found;
  }

  #count(layout: PlannedLayout, rank: number, chunks: number): StageParameters {
    const model = this.#model;
    const { first, block, last } = this.#list;
    const { ep, cut } = expertRanks(layout);
    const own = ({ shape, cut: axis, expert }: PlannedParameter): number => {
      const ranks = expert ? cut : layout.tp;
      const left = shape.map((length, i) => (i === axis ? Math.ceil(length / ranks) : length));
      return elementsOf(left) * (expert ? Math.ceil(model.experts / ep) : 1);
    };
    const sum = (list: readonly PlannedParameter[]): number => list.reduce((total, each) => total + own(each), 0);
    const { begins, ends } = endsOf(layout, rank);
    const rest = (begins ? sum(first) : 0) + (ends ? sum(last) : 0);
    // A tied head is the embedding; at two ranks it is there twice.
    const again = model.tied && ends && !begins ? own(first[0]) : 0;
    return {
      block: sum(block.filter(({ expert }) => !expert)),
      experts: sum(block.filter(({ expert }) => expert)),
      blocks: blocksOf(model, layout, rank, chunks),
      rest: rest + again,
    };
  }
}

/** Parameters of one rank along pp. */
export function stageParameters(model: PlannedModel, layout: PlannedLayout, rank: number, chunks = 2): StageParameters {
  return new StageTable(model).of(layout, rank, chunks);
}

/** Whether a pipeline rank has the first stage, and the last one. */
export function endsOf({ pp, schedule }: PlannedLayout, rank: number): { begins: boolean; ends: boolean } {
  // A V comes back to where it began.
  return { begins: rank === 0, ends: pp === 1 || (schedule === "zb-v" ? rank === 0 : rank === pp - 1) };
}

/** Blocks of a pipeline rank. */
export function blocksOf(model: PlannedModel, { pp, schedule }: PlannedLayout, rank: number, chunks = 2): number {
  const each = pp > 1 ? chunksOfSchedule(schedule, chunks) : 1;
  const ranges = layersOfStages(model.layers, pp * each);
  const lengths = ranges.map(([from, to]) => to - from);
  let sum = 0;
  for (let turn = 0; turn < each; turn++) {
    const back = schedule === "zb-v" && turn === 1;
    sum += lengths[back ? 2 * pp - 1 - rank : turn * pp + rank];
  }
  return sum;
}

/** Bytes by kind. */
export interface StateBytes {
  readonly parameters: number;
  readonly gradients: number;
  readonly optimizer: number;
}

/** Bytes of states on a rank of a stage, without what FSDP gathers for a while. */
export function stateBytes(
  own: StageParameters,
  layout: PlannedLayout,
  { parameters, gradients, optimizer }: Precision,
): StateBytes {
  const dense = own.rest + own.blocks * own.block;
  const experts = own.blocks * own.experts;
  const { shards } = dataRanks(layout);
  // Experts are shared out over the ranks that have the same ones, in every copy.
  const twins = Math.max(1, expertRanks(layout).same / layout.copies);
  const shared = dense / shards + experts / twins;
  const stage = { ddp: 0, zero1: 1, zero2: 2, fsdp: 3 }[layout.data];
  const of = (from: number, bytes: number): number => bytes * (stage >= from ? shared : dense + experts);
  return { parameters: of(3, parameters), gradients: of(2, gradients), optimizer: of(1, optimizer) };
}
