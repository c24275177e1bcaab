/**
 * The road of a failure. A rank says what it does, and what it has noticed; the monitor of its job
 * judges, and gives all ranks the same verdict. Ranks of every transport speak these words: over the
 * line of a process, over a port of a thread, or by a call where all share a thread.
 */
import type { Report } from "../core/report.ts";
import type { Failure } from "../core/transport.ts";
import type { Seen } from "./waiting.ts";

/** What a rank says of itself. */
export type ToMonitor =
  /** What I am doing, as nothing has moved for a while. */
  | { readonly type: "status"; readonly report: Report }
  /** The job cannot go on. */
  | { readonly type: "fail"; readonly failure: Failure; readonly report: Report }
  /** What I was doing when somebody else's failure came. */
  | { readonly type: "answer"; readonly report: Report }
  /** A wire broke while it was needed. */
  | { readonly type: "broken"; readonly peer: number; readonly detail: string; readonly report: Report }
  /** My program is over. */
  | { readonly type: "left"; readonly report: Report };

/** What is said of a rank by who keeps its thread. */
export type AboutRank =
  /** What it does, as it was asked; without a report if its thread cannot say, but what others see of it. */
  | { readonly type: "doing"; readonly report?: Report; readonly seen?: Seen }
  /** A peer could not be reached. */
  | { readonly type: "unreachable"; readonly peer: number; readonly detail: string }
  /** Its thread or process is gone. */
  | { readonly type: "gone"; readonly detail: string };

/** What a rank hears. */
export type FromMonitor =
  /** A job that fails wants to know what every rank was doing. */
  | { readonly type: "account" }
  /** Why the job failed, the same words for every rank. */
  | { readonly type: "verdict"; readonly message: string };

/** How a job ended. A failure always has its account. */
export type Outcome =
  | { readonly ok: true; readonly rank: -1; readonly kind?: undefined; readonly message: "" }
  | {
      readonly ok: false;
      /** The rank it began with, -1 when all share it. */
      readonly rank: number;
      readonly kind?: Failure["kind"];
      readonly message: string;
    };

/** A rank's way to the monitor. */
export type Tell = (message: ToMonitor) => void;
