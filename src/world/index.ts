/** Process groups and collectives. */

export { captureSite, formatSite, userFrame } from "../trace/site.ts";
export { allReduceCosts, allReduceSteps, type MessageAlgorithm } from "./algorithms/all-reduce.ts";
export { busFactor, type Cost, type Path, type Problem, type Sent, seconds } from "./algorithms/cost.ts";
export { doubleTreePlace } from "./algorithms/double-tree.ts";
export { binomialPlace } from "./algorithms/tree.ts";
export {
  buildLocalWorld,
  buildRemoteRank,
  buildShmRank,
  buildTcpRank,
  type Rank,
  type ShmControl,
  takeShmControl,
} from "./build.ts";
export { AbortError, JobError } from "./errors.ts";
export { ProcessGroup } from "./group.ts";
export { Coordinator } from "./job/coordinator.ts";
export type { FromCoordinator, Member, Outcome, Place, ToCoordinator } from "./job/protocol.ts";
export { type LinkSpeed, type LinkSpeeds, PacedLinks, parseLink } from "./links.ts";
export type { Operation, Operator } from "./operation.ts";
export type { FromComm, ToComm } from "./remote/calls.ts";
export { CommServer } from "./remote/comm-server.ts";
export { ShmLayout } from "./shm/shm-layout.ts";
export type { Waiting } from "./shm/thread-driver.ts";
export type { Contiguous, Span } from "./span.ts";
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
export type { FromOffice, Office, ToOffice } from "./tcp/office.ts";
export { noTraffic, type RankTraffic, Traffic, type TrafficEvent, type TrafficOperation } from "./traffic.ts";
export type { Comm, Request, Steps } from "./transport.ts";
export {
  type AllReduceAlgorithm,
  allGatherAlgorithms,
  allReduceAlgorithms,
  defaultTable,
  Tuner,
  type TuningTable,
} from "./tuner.ts";
export { Work } from "./work.ts";
