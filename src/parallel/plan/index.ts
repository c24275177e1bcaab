/** Plans: memory and time of a training run under a layout, and the layouts that suit. */
export { blockActivations, edgeActivations } from "./activations.ts";
export {
  type ClusterName,
  type PlannedCluster,
  type PlannedDevice,
  plannedClusterNames,
  plannedClusters,
  plannedDevices,
} from "./cluster.ts";
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
export { type StageParameters, stageParameters, stateBytes } from "./states.ts";
export { type PlannedTime, timeOfStep } from "./time.ts";
