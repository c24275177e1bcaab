/**
 * A rank of a process of its own has an I/O thread beside it: the thread that keeps its
 * connections, its heartbeat and its line to the coordinator of the job, and that goes on
 * while the rank computes. This is what the two say to each other.
 */
import type { Wire } from "../../platform/wire.ts";
import type { FromMonitor, ToMonitor } from "../health/road.ts";

export type ToIoThread =
  /** Open a wire on which I receive from this rank. */
  { readonly type: "connect"; readonly peer: number } | ToMonitor;

export type FromIoThread =
  /** A wire to receive on (`in`) or to send on (`out`). */
  { readonly type: "wire"; readonly peer: number; readonly role: "in" | "out"; readonly wire: Wire } | FromMonitor;

export interface IoThread {
  tell(message: ToIoThread): void;
  /** What has come since the last call; costs next to nothing when nothing has. */
  take(): FromIoThread | undefined;
  /** Calls back from the event loop when something has come. */
  watch(wake: () => void): void;
}
