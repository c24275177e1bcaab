/** Plans: memory and time of a training run under a layout, and the layouts that suit. */
export { blockActivations, edgeActivations } from "./activations.ts";
export { adviseLayout, type PlanAdvice } from "./advise.ts";
export {
  type ClusterName,
  type PlannedCluster,
  type PlannedDevice,
  plannedClusterNames,
  plannedClusters,
  plannedDevices,
} from "./cluster.ts";
export { explainLayout, secondsText, whySlower } from "./explain.ts";
export { faultOf, memoryFault, type PlanFault, usableShare } from "./faults.ts";
export { type HeldPlace, heldBytes } from "./held.ts";
export { expertRanks, type PlannedLayout, parsePlannedLayout, plannedLayoutText } from "./layout.ts";
export { collectiveSeconds, groupOver, messageSeconds, type PlannedCollective, type PlannedGroup } from "./links.ts";
export { memoryOf, memoryOfRank, type PlannedMemory } from "./memory.ts";
export {
  activeParameterCount,
  type GptNumbers,
  gptModel,
  modelOf,
  type PlannedModel,
  parameterCount,
  parametersOf,
} from "./model.ts";
export { type PlannedPipeline, plannedMakespan, plannedPeak, type RankDurations } from "./pipelines.ts";
export { type KernelsReach, type Reached, reached } from "./reached.ts";
export {
  microBatchesOf,
  type PlannedRun,
  type Precision,
  type PrecisionName,
  precisions,
  type Recompute,
  runOf,
} from "./run.ts";
export {
  type FittingLayout,
  type FoundLayouts,
  isFitting,
  type JudgedLayout,
  judgeLayout,
  type PlanRequest,
  searchLayouts,
} from "./search.ts";
export { type StageParameters, StageTable, stageParameters, stateBytes } from "./states.ts";
export { type PlannedTime, timeOfStep } from "./time.ts";
