/** `worldsize/serve`: the inference engine. */
export { type KvDType, kvBytesPerToken, kvDTypes, PagedKv, type PagedStep } from "../models/index.ts";
export { Engine, type EngineOptions } from "./engine/engine.ts";
export {
  type EngineRequest,
  type FinishReason,
  greedy,
  RequestError,
  type RequestEvents,
  type Sampled,
  type SamplingOptions,
} from "./engine/request.ts";
export type { Draw, PageMemory, Row, Runner, Scores, StepBatch } from "./engine/runner.ts";
export {
  type LowerTiers,
  type Plan,
  type PlannedLoad,
  pagesNeeded,
  plan,
  type Scheduled,
  type SchedulerOptions,
  type SchedulerState,
} from "./engine/scheduler.ts";
export { before, Sequence, type SequenceState } from "./engine/sequence.ts";
export type { EngineStats, StepReport } from "./engine/stats.ts";
export { ChoiceText, type OutputPart, type OutputToken } from "./loop/choice-text.ts";
export { Generation, type GenerationOptions, type OutputPiece, type RequestTimes } from "./loop/generation.ts";
export { EngineLoop, type GenerateRequest, type LoopOptions, type LoopWatcher } from "./loop/loop.ts";
export { embedTokens } from "./model/embed.ts";
export { type FittingCell, type FittingRow, fittingTable, knownShapes } from "./model/known-shapes.ts";
export {
  checkMemory,
  graphBytes,
  graphsThatFit,
  kvBytes,
  type MemoryNeed,
  type MemoryOptions,
  MemoryRefusal,
  memoryNeed,
  pagesThatFit,
  processesThatFit,
  USABLE,
  type WeightDType,
  weightBytes,
  weightDTypes,
} from "./model/memory.ts";
export { ModelRunner, type ModelRunnerOptions } from "./model/model-runner.ts";
export { pageHash } from "./pages/by-page.ts";
export { HashChain } from "./pages/chain.ts";
export { HostPages } from "./pages/host-pages.ts";
export { PageIndex } from "./pages/page-index.ts";
export type { PageStore } from "./pages/page-store.ts";
export { type PageCounts, PagePool } from "./pages/pool.ts";
export { type Evicted, noCache, type PrefixCache } from "./pages/prefix-cache.ts";
export { type RadixNode, RadixTree } from "./pages/radix.ts";
export { adjustLogits } from "./sampling/adjust.ts";
export { drawToken, logprobsOf, sample } from "./sampling/sample.ts";
export { OutputText, type OutputTextOptions } from "./text/output-text.ts";
export { StopMatcher } from "./text/stop-matcher.ts";
