/** What a rank reports of what it is doing. */

import type { StoreReport } from "../store/open-calls.ts";
import type { Kind } from "./operation.ts";
import type { FlightRecord } from "./recorder.ts";
import type { RankState } from "./transport.ts";

export interface PendingOperation {
  readonly text: string;
  readonly kind: Kind;
  readonly group: string;
  readonly seq: number;
  readonly hash: number;
  readonly site: string;
  /** World rank of a send's or receive's other side, else -1. */
  readonly peer: number;
  readonly tag: number;
  readonly blocking: boolean;
  /** World ranks that must act first. */
  readonly blockedOn: readonly number[];
}

export interface Report {
  readonly rank: number;
  readonly state: RankState;
  /** What a failed rank threw, with its line. */
  readonly error: string;
  readonly pending: readonly PendingOperation[];
  readonly recent: readonly FlightRecord[];
  /** The engine's count of moves when the report was made. */
  readonly moves: number;
  /** Whether its host waits for one of its streams. */
  readonly streams?: boolean;
  /** What it does at the store. */
  readonly store?: StoreReport;
}

/** `rank 2`, `ranks 0, 1 and 3`, `ranks 0 to 7` */
export function nameRanks(ranks: readonly number[]): string {
  const sorted = [...ranks].sort((a, b) => a - b);
  if (sorted.length === 1) return `rank ${sorted[0]}`;
  if (sorted.length === 0) return "nobody";
  const run = sorted.every((rank, i) => rank === sorted[0] + i);
  if (run && sorted.length > 3) return `ranks ${sorted[0]} to ${sorted.at(-1)}`;
  const shown = sorted.length > 8 ? [...sorted.slice(0, 7), `${sorted.length - 7} more`] : sorted;
  return `ranks ${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
