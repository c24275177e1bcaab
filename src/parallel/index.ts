/** Parallel training: meshes of ranks, types of tensors along their axes, strategies, and a judge of the gradients. */
export { AxisTypes, type AxisTypesOf } from "./axis-types.ts";
export { type AxisType, asPartial, type Change, changes, changeType } from "./change.ts";
export {
  type ContextCut,
  chunksOf,
  cutContext,
  type HostBatch,
  type Place,
  pairsOf,
  type Tile,
  tilesOf,
} from "./context.ts";
export { type Along, axesAlong, groupAlong, type MeshAxes } from "./data/along.ts";
export { type DataParallelOptions, DistributedDataParallel } from "./data/data-parallel.ts";
export { clipGradNormOver_, gradientNormOver, type NormOptions } from "./data/norm.ts";
export { together } from "./data/together.ts";
export { GatheredAttention } from "./gathered-attention.ts";
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
export { RingAttention } from "./ring-attention.ts";
export { FullyShardedDataParallel, type FullyShardedOptions } from "./shard/fully-sharded.ts";
