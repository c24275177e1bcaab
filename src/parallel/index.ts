/** Parallel training: meshes of ranks, types of tensors along their axes, sharded checkpoints, and a judge of the gradients. */
export { type AxisType, type Change, changes, changeType } from "./change.ts";
export type { Meeting } from "./checkpoint/agree.ts";
export { type Box, overlapOf, type Run, runsOf } from "./checkpoint/box.ts";
export { type Holding, type OwnedBox, type PlannedParameter, planShards, type StoredState } from "./checkpoint/plan.ts";
export { type Restored, restoreShards } from "./checkpoint/restore.ts";
export type { Trained } from "./checkpoint/snapshot.ts";
export { type Along, axesAlong, groupAlong, type MeshAxes } from "./data/along.ts";
export { type DataParallelOptions, DistributedDataParallel } from "./data/data-parallel.ts";
export { clipGradNormOver_, gradientNormOver, type NormOptions } from "./data/norm.ts";
export { together } from "./data/together.ts";
export {
  type TwinGradients,
  type TwinNumbers,
  twinGradients,
  type WholeBatch,
  type WholeWeights,
} from "./judge/decoder.ts";
export { type JudgeOptions, judge, ROUNDINGS, type Verdict } from "./judge/judge.ts";
export { Mesh, type MeshShape } from "./mesh.ts";
export { allGather, allReduce, allToAll, keep, type Move, pad, reduceScatter, slice } from "./moves.ts";
export { FullyShardedDataParallel, type FullyShardedOptions } from "./shard/fully-sharded.ts";
