/** `worldsize/load`: load for servers of OpenAI's protocol, and what is measured of them. */
export { type ArrivalOptions, arrivalTimes, type Ramp } from "./arrivals.ts";
export { type Ask, bodyOf, send, type Target } from "./client.ts";
export { type Clock, realClock } from "./clock.ts";
export { Draws } from "./draws.ts";
export { type Frame, readFrame, type Usage } from "./frame.ts";
export {
  type FailureCount,
  type Metrics,
  type MetricsOptions,
  metricsOf,
  type Objectives,
  type RequestTimes,
  timesOf,
} from "./metrics.ts";
export { type Codec, promptIds, promptWords, textOfLength, words } from "./prompts.ts";
export { type LoadOptions, type LoadRun, runLoad } from "./run.ts";
export { adviceOf, baseOf, type Door, type ListedModel, listModels, ServerError, serverCodec } from "./server.ts";
export { EventLines } from "./sse.ts";
export { type Failure, type Outcome, type Stamp, Stamps } from "./stamps.ts";
export { type Distribution, distribution, percentile } from "./statistics.ts";
export {
  inputTokens,
  type MixedOptions,
  mixedLengths,
  type Piece,
  type RandomOptions,
  randomLengths,
  readTrace,
  type SharedPrefixOptions,
  sharedPrefix,
  type Wanted,
} from "./workloads.ts";
