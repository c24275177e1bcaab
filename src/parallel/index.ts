/** Parallel training: meshes of ranks, types of tensors along their axes, and models that are cut along one. */
export { type AxisType, type Change, changes, changeType } from "./change.ts";
export { Mesh, type MeshShape } from "./mesh.ts";
export { allGather, allReduce, allToAll, keep, type Move, pad, reduceScatter, slice } from "./moves.ts";
export { decoderPlan } from "./tensor/decoder-plan.ts";
export { cutTokens, input, output, partialGradients } from "./tensor/edges.ts";
export { type ColumnOptions, columns, type RowOptions, rows } from "./tensor/linear.ts";
export { overlapWeights } from "./tensor/overlap.ts";
export { sumPartialGradients } from "./tensor/partial.ts";
export { type Cut, cutParameter, type Share, shareOf } from "./tensor/shares.ts";
export type { AnyModule, Place, Plan, Prepared, Style } from "./tensor/style.ts";
export { type TensorParallelOptions, tensorParallel } from "./tensor/tensor-parallel.ts";
export { vocabularyRows } from "./tensor/vocabulary.ts";
export {
  plainVocabularyCrossEntropy,
  type VocabularyLossOptions,
  vocabularyCrossEntropy,
} from "./tensor/vocabulary-loss.ts";
