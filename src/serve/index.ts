/** `worldsize/serve`: the inference engine. */
export { Engine, type EngineOptions, type StepReport } from "./engine/engine.ts";
export {
  type EngineRequest,
  type FinishReason,
  greedy,
  RequestError,
  type RequestEvents,
  type Sampled,
  type SamplingOptions,
} from "./engine/request.ts";
export type { Draw, Row, Runner, StepBatch } from "./engine/runner.ts";
export {
  type Plan,
  pagesNeeded,
  plan,
  type Scheduled,
  type SchedulerOptions,
  type SchedulerState,
} from "./engine/scheduler.ts";
export { before, Sequence, type SequenceState } from "./engine/sequence.ts";
export { chainHash, HashChain } from "./pages/chain.ts";
export { type PageCounts, PagePool } from "./pages/pool.ts";
export { noCache, type PrefixCache } from "./pages/prefix-cache.ts";
export { type RadixNode, RadixTree } from "./pages/radix.ts";
