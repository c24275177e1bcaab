/**
 * A rank of a process of its own has an office beside it: the thread that keeps its
 * connections, its heartbeat and its line to the coordinator of the job, and that goes on
 * while the rank computes. This is what the two say to each other.
 */
import type { Wire } from "../../platform/wire.ts";
import type { Failure } from "../core/transport.ts";
import type { Report } from "../health/diagnose.ts";

export type ToOffice =
  /** Open a wire on which I receive from this rank. */
  | { readonly type: "connect"; readonly peer: number }
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

export type FromOffice =
  /** A wire to receive on (`in`) or to send on (`out`). */
  | { readonly type: "wire"; readonly peer: number; readonly role: "in" | "out"; readonly wire: Wire }
  /** A job that fails wants to know what everybody was doing. */
  | { readonly type: "account" }
  /** Why the job failed, the same words for every rank. */
  | { readonly type: "verdict"; readonly message: string };

export interface Office {
  tell(message: ToOffice): void;
  /** What has come since the last call; costs next to nothing when nothing has. */
  take(): FromOffice | undefined;
  /** Calls back from the event loop when something has come. */
  watch(wake: () => void): void;
}
