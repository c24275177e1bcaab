/** What the ranks of a job and its coordinator say to each other. */

import type { TuningTable } from "../algorithms/tuner.ts";
import type { Report } from "../core/report.ts";
import type { StoreCall } from "../store/calls.ts";
import type { StoreReply } from "../store/remote-store.ts";
import type { AboutRank, FromMonitor, Outcome, ToMonitor } from "./road.ts";

/** Where a rank can be reached by the ranks that receive from it. */
export interface Place {
  /** Ranks with the same host reach each other by `path`, where sockets have one. */
  readonly host: string;
  readonly path?: string;
  /** For ranks that do not; absent where there are none. */
  readonly address?: string;
  readonly port?: number;
}

/** Who a rank is, as all ranks learn it. */
export interface Member {
  readonly rank: number;
  readonly pid: number;
  readonly place: Place;
}

export interface Join {
  readonly type: "join";
  readonly rank: number;
  readonly size: number;
  /** Names the process among those that claim this rank: a reconnection is known by it. */
  readonly session: string;
  readonly pid: number;
  readonly place: Place;
  /** Thresholds of this rank's tuner; rank 0's are handed to all. */
  readonly table: TuningTable;
}

export type ToCoordinator =
  | Join
  /** @param moved differs whenever something has moved in this rank. */
  | { readonly type: "beat"; readonly moved?: number }
  /** A report, or what the keeper of its process says of a rank; what it does comes with what has moved meanwhile. */
  | ToMonitor
  | Exclude<AboutRank, { type: "doing" }>
  | (Extract<AboutRank, { type: "doing" }> & { readonly moved: number })
  | { readonly type: "store"; readonly id: number; readonly oldest: number; readonly call: StoreCall }
  /** Another host's launcher comes with its ranks; one of them has exited. */
  | { readonly type: "node"; readonly node: number; readonly count: number }
  | { readonly type: "exited"; readonly generation: number; readonly rank: number; readonly detail: string };

export type FromCoordinator =
  | { readonly type: "start"; readonly members: readonly Member[]; readonly table: TuningTable }
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "beat" }
  | { readonly type: "stored"; readonly id: number; readonly reply: StoreReply }
  | FromMonitor
  /** Nothing has moved for a while: what do you do? */
  | { readonly type: "ask" }
  | { readonly type: "over" }
  /** To another host's launcher: start your ranks; all ranks are about to start again; the job is over. */
  | { readonly type: "nodes"; readonly offset: number; readonly size: number; readonly generation: number }
  | { readonly type: "again" | "done"; readonly outcome: Outcome };

export type { Outcome, Report };
