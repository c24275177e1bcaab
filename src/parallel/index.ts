/** Parallel training: meshes of ranks, and types of tensors along their axes. */
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
export { GatheredAttention } from "./gathered-attention.ts";
export { Mesh, type MeshShape } from "./mesh.ts";
export { allGather, allReduce, allToAll, keep, type Move, pad, reduceScatter, slice } from "./moves.ts";
export { RingAttention } from "./ring-attention.ts";
