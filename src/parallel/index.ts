/** Parallel training: meshes of ranks, and types of tensors along their axes. */
export { type AxisType, type Change, changes, changeType } from "./change.ts";
export { type Along, axesAlong, groupAlong, type MeshAxes } from "./data/along.ts";
export { type DataParallelOptions, DistributedDataParallel } from "./data/data-parallel.ts";
export { clipGradNormOver_, gradientNormOver, type NormOptions } from "./data/norm.ts";
export { together } from "./data/together.ts";
export { Mesh, type MeshShape } from "./mesh.ts";
export { allGather, allReduce, allToAll, keep, type Move, pad, reduceScatter, slice } from "./moves.ts";
export { FullyShardedDataParallel, type FullyShardedOptions } from "./shard/fully-sharded.ts";
