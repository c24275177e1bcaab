/** The memory of a rank by kind: what it keeps of states, what backward needs, and what is there for a while. */
import { chunksOfSchedule } from "../pipeline/index.ts";
import { blockActivations, edgeActivations, tokensOf } from "./activations.ts";
import { dataRanks, type PlannedLayout } from "./layout.ts";
import type { PlannedModel } from "./model.ts";
import { plannedPeak } from "./pipelines.ts";
import { microBatchesOf, type PlannedRun } from "./run.ts";
import { endsOf, type StageParameters, StageTable, stateBytes } from "./states.ts";

/** Bytes by kind, on the rank that needs the most. */
export interface PlannedMemory {
  readonly parameters: number;
  readonly gradients: number;
  readonly optimizer: number;
  readonly activations: number;
  /** What FSDP has gathered, what a block that is computed again keeps meanwhile, and the gradient of the logits. */
  readonly buffers: number;
  readonly total: number;
  /** Rank along pp that this is of. */
  readonly rank: number;
}

/** The rank of a pipeline that needs the most: the first or the last one. */
export function memoryOf(
  model: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  stages = new StageTable(model),
): PlannedMemory {
  const first = memoryOfRank(model, run, layout, 0, stages);
  if (layout.pp === 1) return first;
  const last = memoryOfRank(model, run, layout, layout.pp - 1, stages);
  return last.total > first.total ? last : first;
}

/** @param rank along pp. */
export function memoryOfRank(
  model: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  rank: number,
  stages = new StageTable(model),
): PlannedMemory {
  const own = stages.of(layout, rank, run.chunks);
  const shared = stateBytes(own, layout, run.precision);
  const chunks = layout.pp > 1 ? chunksOfSchedule(layout.schedule, run.chunks) : 1;
  const microBatches = Math.max(1, Math.ceil(microBatchesOf(run, layout)));
  // Where gradients travel once a step, whole ones wait for the last micro-batch; FSDP shares them out each time.
  const isWaiting = layout.data === "zero2" && microBatches > 1;
  const { gradients } = isWaiting ? stateBytes(own, { ...layout, data: "zero1" }, run.precision) : shared;
  const { parameters, optimizer } = shared;
  const peak =
    layout.pp > 1 ? plannedPeak({ schedule: layout.schedule, ranks: layout.pp, chunks, microBatches }, rank) : 1;
  const activations =
    (peak * own.blocks * blockActivations(model, run, layout)) / chunks +
    Math.min(microBatches, Math.ceil(peak / chunks)) * edgeActivations(model, run, layout, rank);
  const buffers = buffersOf(model, run, layout, rank, own);
  const total = parameters + gradients + optimizer + activations + buffers;
  return { parameters, gradients, optimizer, activations, buffers, total, rank };
}

function buffersOf(
  model: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  rank: number,
  own: StageParameters,
): number {
  const block = own.block + own.experts;
  // A block that is used, one that is fetched meanwhile, and what stands beside them.
  const gathered =
    layout.data === "fsdp" && dataRanks(layout).shards > 1
      ? (2 * block + own.rest) * run.precision.parameters + block * run.precision.gradients
      : 0;
  const again =
    run.recompute === "none" ? 0 : blockActivations(model, run, layout, "none") - blockActivations(model, run, layout);
  const logits = endsOf(layout, rank).ends ? (4 * tokensOf(run, layout) * model.vocabulary) / layout.tp : 0;
  return gathered + again + logits;
}
