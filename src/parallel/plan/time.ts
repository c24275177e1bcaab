/**
 * What a step takes, by part: the blocks' work, collectives along tp and ep, the schedule's bubble and messages, gradients and
 * FSDP's gathers along dp, and the optimizer. Left out: reading data, checkpoints, other jobs on the network, and what an
 * allocator that runs out of memory takes.
 */
import { chunksOfSchedule } from "../pipeline/index.ts";
import { tokensOf } from "./activations.ts";
import type { PlannedCluster } from "./cluster.ts";
import { dataRanks, expertRanks, type PlannedLayout } from "./layout.ts";
import { collectiveSeconds, expertGroup, groupOver, messageSeconds } from "./links.ts";
import { type PlannedModel, parametersOf } from "./model.ts";
import { plannedMakespan } from "./pipelines.ts";
import { type Reached, reached } from "./reached.ts";
import { microBatchesOf, type PlannedRun } from "./run.ts";
import { endsOf, type StageParameters, StageTable } from "./states.ts";
import { blockWork, headWork, type Work } from "./work.ts";

/** Seconds of a step by part, on the rank of the pipeline that has the most to do. */
export interface PlannedTime {
  /** Forward and backward of its blocks, and of the head. */
  readonly compute: number;
  /** Collectives along tp and cp that nothing hides. */
  readonly tensor: number;
  /** Experts' all_to_alls. */
  readonly experts: number;
  /** Waiting for other stages, and messages between them. */
  readonly pipeline: number;
  /** Gradients and gathered parameters that nothing hides. */
  readonly data: number;
  readonly optimizer: number;
  readonly total: number;
}

/** A part's work, and what it waits for of others, for one micro-batch. */
interface Passing {
  readonly work: Work;
  readonly tensor: { readonly forward: number; readonly backward: number };
  readonly experts: { readonly forward: number; readonly backward: number };
}

/** What a step takes. @param rates what is reached of the machine's figures. */
export function timeOfStep(
  model: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  cluster: PlannedCluster,
  rates: Reached = reached,
  stages = new StageTable(model),
): PlannedTime {
  const microBatches = microBatchesOf(run, layout);
  const block = passingBlock(model, run, layout, cluster, rates);
  const head = headWork(model, run, layout, cluster.device, rates);
  const { pp } = layout;
  const [first, last] = [0, pp - 1].map((rank) => stages.of(layout, rank, run.chunks));
  const gathers = layout.data === "fsdp" ? gatheredSeconds(model, run, layout, cluster, rates, first, block) : 0;
  const blockF = block.work.forward + block.tensor.forward + block.experts.forward;
  const blockB = block.work.inputs + block.tensor.backward + block.experts.backward;
  const of = (blocks: number, ends: boolean): { F: number; I: number; W: number } => ({
    F: blocks * blockF + (ends ? head.forward : 0) + gathers / 3,
    I: blocks * blockB + (ends ? head.inputs : 0) + (2 * gathers) / 3,
    W: blocks * block.work.weights + (ends ? head.weights : 0),
  });
  const sum = ({ F, I, W }: { F: number; I: number; W: number }): number => F + I + W;
  const end = of(last.blocks, endsOf(layout, pp - 1).ends);
  const begin = of(first.blocks, pp === 1 || layout.schedule === "zb-v");
  // The slowest rank sets the pace; a micro-batch passes all of them once.
  const pace = sum(end) > sum(begin) ? end : begin;
  const chunks = pp > 1 ? chunksOfSchedule(layout.schedule, run.chunks) : 1;
  const message = pp > 1 ? passedOn(model, run, layout, cluster, rates) : 0;
  const shape = { schedule: layout.schedule, ranks: pp, chunks, microBatches };
  // While it fills and drains, it passes stages that are faster.
  const faster = ((pp - 1) * (sum(pace) - sum(begin))) / chunks;
  const makespan = plannedMakespan(shape, { ...pace, message }) - faster;
  const own = pace === end ? last : first;
  const blocks = own.blocks * microBatches;
  const tensor = blocks * (block.tensor.forward + block.tensor.backward);
  const experts = blocks * (block.experts.forward + block.experts.backward);
  const compute = microBatches * sum(pace) - tensor - experts - microBatches * gathers;
  const summed = gradientSeconds(run, layout, cluster, rates, own, microBatches > 0 ? block.work : undefined);
  const optimizer = optimizerSeconds(run, layout, cluster, rates, own);
  const data = summed + microBatches * gathers;
  const pipeline = makespan - microBatches * sum(pace);
  return {
    compute,
    tensor,
    experts,
    pipeline,
    data,
    optimizer,
    total: compute + tensor + experts + pipeline + data + optimizer,
  };
}

/** A block with its collectives. */
function passingBlock(
  model: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  cluster: PlannedCluster,
  rates: Reached,
): Passing {
  const work = blockWork(model, run, layout, cluster.device, rates);
  const n = tokensOf(run, layout);
  const bytes = n * model.width * run.precision.activations;
  const group = groupOver(layout, ["tp"], cluster.perNode);
  const again = run.recompute === "full" ? 1 : 0;
  // An all_reduce behind attention and one behind the MLP, or a gather and a scatter in place of each.
  const once = layout.sequence
    ? collectiveSeconds("allGather", bytes, group, cluster, rates) +
      collectiveSeconds("reduceScatter", bytes, group, cluster, rates)
    : collectiveSeconds("allReduce", bytes, group, cluster, rates);
  const pair = layout.tp > 1 ? 2 * once : 0;
  // With overlap, those of backward go beside the products for weights (Korthikanti et al., 2022, section 6.2).
  const hidden = layout.overlap ? Math.min(pair * (1 - rates.shown), work.weights) : 0;
  const ring = contextSeconds(model, run, layout, cluster, rates);
  const tensor = { forward: pair + ring, backward: pair - hidden + again * pair + (2 + again) * ring };
  const { ep } = expertRanks(layout);
  const copies = model.experts > 0 ? model.expertsPerToken / layout.tp : 0;
  const sent = collectiveSeconds("allToAll", bytes * copies, expertGroup(layout, cluster.perNode), cluster, rates);
  // To the experts and back.
  const there = ep > 1 ? 2 * sent : 0;
  return { work, tensor, experts: { forward: there, backward: (1 + again) * there } };
}

/** Keys and values that go around the ranks along cp, behind attention's own work as far as it hides them. */
function contextSeconds(
  { kvHeads, headDim }: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  cluster: PlannedCluster,
  rates: Reached,
): number {
  if (layout.cp === 1) return 0;
  const bytes = (2 * tokensOf(run, layout) * kvHeads * headDim * run.precision.activations) / layout.tp;
  const { size, local } = groupOver(layout, ["cp"], cluster.perNode);
  const stride = local < size ? cluster.perNode : layout.tp;
  return (size - 1) * messageSeconds(bytes, stride, cluster, rates) * rates.shown;
}

/** A message to the next stage: each rank along tp sends its part, and what is missing is gathered there. */
function passedOn(
  model: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  cluster: PlannedCluster,
  rates: Reached,
): number {
  const { copies, dp, cp, tp } = layout;
  const bytes = tokensOf(run, layout) * model.width * run.precision.activations;
  const gather = collectiveSeconds("allGather", bytes, groupOver(layout, ["tp"], cluster.perNode), cluster, rates);
  return messageSeconds(bytes / tp, copies * dp * cp * tp, cluster, rates) + (layout.sequence ? 0 : gather);
}

/** What FSDP's gathers and scatters of a rank add to a micro-batch. */
function gatheredSeconds(
  model: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  cluster: PlannedCluster,
  rates: Reached,
  own: StageParameters,
  block: Passing,
): number {
  const group = groupOver(layout, ["dp", "cp"], cluster.perNode);
  if (group.size === 1) return 0;
  const tensors = run.gathers === "block" ? 1 : parametersOf(model).block.length;
  const bytes = (own.block + own.experts) * run.precision.parameters;
  const gather = tensors * collectiveSeconds("allGather", bytes / tensors, group, cluster, rates);
  // Forward, backward, and gradients; a parameter that is fetched alone is given up in between when a block is computed again.
  const passes = run.gathers === "parameter" && run.recompute === "full" ? 4 : 3;
  const all = own.blocks * passes * gather;
  if (!run.overlap) return all;
  const { forward, inputs, weights } = block.work;
  const work = own.blocks * (forward + inputs + weights);
  return Math.max(all - work, all * rates.shown);
}

/** What sums of gradients add to a step. */
function gradientSeconds(
  run: PlannedRun,
  layout: PlannedLayout,
  cluster: PlannedCluster,
  rates: Reached,
  own: StageParameters,
  block: Work | undefined,
): number {
  const { all } = dataRanks(layout);
  const dense = (own.rest + own.blocks * own.block) * run.precision.gradients;
  const same = expertRanks(layout).same;
  const experts = own.blocks * own.experts * run.precision.gradients;
  const group = groupOver(layout, ["copies", "dp", "cp"], cluster.perNode);
  const apart = { size: same, local: Math.max(1, Math.min(same, Math.floor(cluster.perNode / layout.ep))) };
  let time = 0;
  if (layout.data !== "fsdp") {
    if (all > 1) time += collectiveSeconds("allReduce", dense, group, cluster, rates);
    if (same > 1) time += collectiveSeconds("allReduce", experts, apart, cluster, rates);
  } else if (layout.copies > 1) {
    const copies = groupOver(layout, ["copies"], cluster.perNode);
    time += collectiveSeconds("allReduce", (dense + experts) / dataRanks(layout).shards, copies, cluster, rates);
  }
  if (!run.overlap || !block) return time;
  // They travel while the last micro-batch's backward goes on.
  const work = own.blocks * (block.inputs + block.weights);
  return Math.max(time - work, time * rates.shown);
}

/** Moments and weights are read and written once. */
function optimizerSeconds(
  { precision }: PlannedRun,
  layout: PlannedLayout,
  { device }: PlannedCluster,
  rates: Reached,
  own: StageParameters,
): number {
  const count = own.rest + own.blocks * (own.block + own.experts);
  const mine = layout.data === "ddp" ? count : count / dataRanks(layout).shards;
  const bytes = 2 * precision.optimizer + precision.gradients + precision.parameters;
  return (mine * bytes) / (device.bandwidth * rates.bandwidth);
}
