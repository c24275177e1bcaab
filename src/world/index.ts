/** Process groups and collectives. */

export { captureSite, formatSite, userFrame } from "../trace/site.ts";
export { allReduceCosts, allReduceSteps, type MessageAlgorithm } from "./algorithms/all-reduce.ts";
export { busFactor, type Cost, type Path, type Problem, type Sent, seconds } from "./algorithms/cost.ts";
export { doubleTreePlace } from "./algorithms/double-tree.ts";
export { binomialPlace } from "./algorithms/tree.ts";
export {
  type AllReduceAlgorithm,
  allGatherAlgorithms,
  allReduceAlgorithms,
  defaultTable,
  Tuner,
  type TuningTable,
} from "./algorithms/tuner.ts";
export {
  buildLocalWorld,
  buildRemoteRank,
  buildShmRank,
  buildTcpRank,
  type Rank,
  type ShmControl,
  takeShmControl,
} from "./build.ts";
export { AbortError, JobError } from "./core/errors.ts";
export { type LinkCost, type LinkSpeed, type LinkSpeeds, PacedLinks, parseLink, plainLink } from "./core/links.ts";
export type { Operation, Operator } from "./core/operation.ts";
export { defaultWorld, type WorldSettings } from "./core/settings.ts";
export type { Contiguous, Span } from "./core/span.ts";
export {
  type Glimpse,
  type Look,
  noTraffic,
  type RankTraffic,
  Traffic,
  type TrafficEvent,
  type TrafficOperation,
} from "./core/traffic.ts";
export type { Comm, Request, Steps } from "./core/transport.ts";
export { Work } from "./core/work.ts";
export { ProcessGroup } from "./group.ts";
export { Coordinator } from "./health/coordinator.ts";
export type { FromCoordinator, Member, Outcome, Place, ToCoordinator } from "./health/protocol.ts";
export { VirtualClock } from "./local/virtual-clock.ts";
export { ShmLayout } from "./shm/shm-layout.ts";
export type { Waiting } from "./shm/thread-wait.ts";
export type { StoreCall } from "./store/calls.ts";
export { MemoryStore } from "./store/memory-store.ts";
export { RankStore } from "./store/rank-store.ts";
export { RemoteStore, type StoreReply, StoreSession } from "./store/remote-store.ts";
export {
  type Store,
  StoreClosedError,
  StoreError,
  StoreLimitError,
  StoreTimeoutError,
  StoreValueError,
} from "./store/store.ts";
export { ChaosWire } from "./tcp/chaos-wire.ts";
export type { FromIoThread, IoThread, ToIoThread } from "./tcp/io-thread.ts";
export type { FromComm, ToComm } from "./threaded/messages.ts";
export { CommServer } from "./threaded/server.ts";
