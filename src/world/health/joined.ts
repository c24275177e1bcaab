/** What the coordinator of a job knows of each rank's process and of the way to it. */
import type { Connection } from "../../platform/connection.ts";
import type { Report } from "../core/report.ts";
import type { StoreSession } from "../store/remote-store.ts";
import type { Join } from "./protocol.ts";

/** A rank that has joined. */
export interface JoinedRank {
  readonly join: Join;
  readonly store: StoreSession;
  connection: Connection | undefined;
  lastHeard: number;
  lostAt: number;
  /** Differs whenever something has moved in the rank. */
  moved: number;
}

/**
 * A report, which speaks for the rank whose connection brought it, whatever it says.
 * @throws TypeError for anything that is not a report.
 */
export function owned(report: Report, rank: number): Report {
  const lists = [report?.pending, report?.recent];
  const whole = lists.every((list) => Array.isArray(list) && list.length < 1000 && list.every((item) => item !== null));
  const pending =
    whole && report.pending.every(({ blockedOn, text }) => Array.isArray(blockedOn) && typeof text === "string");
  const waits = report?.store?.waits ?? [];
  const store = Array.isArray(waits) && waits.every((wait) => typeof wait?.about === "string");
  if (!pending || !store || typeof report.moves !== "number" || typeof report.error !== "string") {
    throw new TypeError(`rank ${rank} sent something that is not a report`);
  }
  return { ...report, rank };
}
