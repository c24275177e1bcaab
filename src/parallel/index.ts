/** Parallel training: meshes of ranks, types of tensors along their axes, strategies, sharded checkpoints, and a judge of the gradients. */

export type { Meeting } from "./checkpoint/agree.ts";
export { type Box, overlapOf, type Run, runsOf } from "./checkpoint/box.ts";
export { type Holding, type OwnedBox, type PlannedParameter, planShards, type StoredState } from "./checkpoint/plan.ts";
export { type Restored, restoreShards } from "./checkpoint/restore.ts";
export type { Trained } from "./checkpoint/snapshot.ts";
export {
  type ContextCut,
  chunksOf,
  cutContext,
  type HostBatch,
  type Place,
  padBatch,
  pairsOf,
  type Tile,
  tilesOf,
} from "./context/context.ts";
export { GatheredAttention } from "./context/gathered-attention.ts";
export { RingAttention } from "./context/ring-attention.ts";
export { type Along, axesAlong, groupAlong, type MeshAxes } from "./data/along.ts";
export { type DataParallelOptions, DistributedDataParallel } from "./data/data-parallel.ts";
export { clipGradNormOver_, gradientNormOver, type NormOptions } from "./data/norm.ts";
export { together } from "./data/together.ts";
export { moveBiasOver } from "./experts/bias.ts";
export { ExpertExchange } from "./experts/exchange.ts";
export { ExpertParallel } from "./experts/expert-parallel.ts";
export { ExpertDataParallel } from "./experts/gradients.ts";
export { mixturePlan } from "./experts/tensor-plan.ts";
export {
  type TwinGradients,
  type TwinNumbers,
  twinGradients,
  type WholeBatch,
  type WholeWeights,
} from "./judge/decoder.ts";
export { type JudgeOptions, judge, ROUNDINGS, type Verdict } from "./judge/judge.ts";
export { type Layout, layoutText, parseLayout, ranksOf } from "./layout/layout.ts";
export { ParallelDecoder } from "./layout/parallel-decoder.ts";
export { Mesh, type MeshShape } from "./mesh.ts";
export {
  type Action,
  type ActionKind,
  actionText,
  checkSchedule,
  chunksOfSchedule,
  DecoderStages,
  type Durations,
  gpipe,
  interleaved,
  type LayerRange,
  layersOfStages,
  type MessageAction,
  oneForwardOneBackward,
  PipelineRun,
  type PipelineShape,
  parseScheduleCsv,
  peakOf,
  type Schedule,
  type ScheduleName,
  type StageWork,
  type Step,
  scheduleCsv,
  scheduleNames,
  schedules,
  stageRanks,
  stepText,
  TiedEmbedding,
  type TimedAction,
  type Timing,
  timeOf,
  unitDurations,
  withMessages,
  zeroBubbleH1,
  zeroBubbleV,
} from "./pipeline/index.ts";
export {
  activeParameterCount,
  adviseLayout,
  blockActivations,
  type ClusterName,
  collectiveSeconds,
  edgeActivations,
  expertRanks,
  explainLayout,
  type FittingLayout,
  type FoundLayouts,
  faultOf,
  type GptNumbers,
  gptModel,
  groupOver,
  type HeldPlace,
  heldBytes,
  isFitting,
  type JudgedLayout,
  judgeLayout,
  type KernelsReach,
  memoryFault,
  memoryOf,
  memoryOfRank,
  messageSeconds,
  microBatchesOf,
  modelOf,
  type PlanAdvice,
  type PlanFault,
  type PlannedCluster,
  type PlannedCollective,
  type PlannedDevice,
  type PlannedGroup,
  type PlannedLayout,
  type PlannedMemory,
  type PlannedModel,
  type PlannedPipeline,
  type PlannedRun,
  type PlannedTime,
  type PlanRequest,
  type Precision,
  type PrecisionName,
  parameterCount,
  parametersOf,
  parsePlannedLayout,
  plannedClusterNames,
  plannedClusters,
  plannedDevices,
  plannedLayoutText,
  plannedMakespan,
  plannedPeak,
  precisions,
  type RankDurations,
  type Reached,
  type Recompute,
  reached,
  runOf,
  type StageParameters,
  StageTable,
  searchLayouts,
  secondsText,
  stageParameters,
  stateBytes,
  timeOfStep,
  usableShare,
  whySlower,
} from "./plan/index.ts";
export { FullyShardedDataParallel, type FullyShardedOptions } from "./shard/fully-sharded.ts";
export { decoderPlan } from "./tensor/decoder-plan.ts";
export { cutTokens, input, output, partialGradients } from "./tensor/edges.ts";
export { type ColumnOptions, columns, type RowOptions, rows } from "./tensor/linear.ts";
export { overlapWeights } from "./tensor/overlap.ts";
export { sumPartialGradients } from "./tensor/partial.ts";
export { type Cut, cutParameter, type Share, shareOf } from "./tensor/shares.ts";
export type { AnyModule, Place as StyledPlace, Plan, Prepared, Style } from "./tensor/style.ts";
export { type TensorParallelOptions, tensorParallel } from "./tensor/tensor-parallel.ts";
export { vocabularyRows } from "./tensor/vocabulary.ts";
export {
  plainVocabularyCrossEntropy,
  type VocabularyLossOptions,
  vocabularyCrossEntropy,
} from "./tensor/vocabulary-loss.ts";
export { AxisTypes, type AxisTypesOf } from "./types/axis-types.ts";
export { type AxisType, asPartial, type Change, changes, changeType } from "./types/change.ts";
export { allGather, allReduce, allToAll, keep, type Move, pad, reduceScatter, slice } from "./types/moves.ts";
