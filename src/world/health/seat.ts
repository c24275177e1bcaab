/** What the coordinator of a job knows of each rank, and how far it believes it. */
import type { Connection } from "../../platform/connection.ts";
import type { Report } from "../core/report.ts";
import type { StoreSession } from "../store/remote-store.ts";
import type { Statement } from "./judge.ts";
import type { Join } from "./protocol.ts";
import type { Seen } from "./waiting.ts";

/** What the coordinator knows of a rank. */
export interface Seat {
  readonly join: Join;
  readonly store: StoreSession;
  connection: Connection | undefined;
  lastHeard: number;
  lostAt: number;
  statement: Statement | undefined;
  answered: boolean;
  /** Differs whenever something has moved in the rank. */
  moved: number;
  /** Whether it has been asked what it does and has not said; what is seen of it if its thread cannot say. */
  asked: boolean;
  seen: Seen | undefined;
}

export function newSeat(join: Join, store: StoreSession): Seat {
  const nothing = { connection: undefined, statement: undefined, seen: undefined };
  return { join, store, lastHeard: 0, lostAt: 0, answered: false, moved: 0, asked: false, ...nothing };
}

export function isFinished({ statement }: Seat): boolean {
  return statement?.report.state === "finished";
}

/** What a rank says that it waits for at the store counts only if the store says so, too, and has heard everything. */
export function confirmed(statement: Statement, session: StoreSession): Statement {
  const { report } = statement;
  const { store } = report;
  if (!store?.idle) return statement;
  const same = store.waits.every(({ id }) => session.awaits(id)) && session.last >= store.asked;
  return same ? statement : { ...statement, report: { ...report, store: { ...store, idle: false } } };
}

/**
 * A report, which speaks for the rank whose connection brought it, whatever it says.
 * @throws TypeError for what is none.
 */
export function owned(report: Report, rank: number): Report {
  const lists = [report?.pending, report?.recent];
  const whole = lists.every((list) => Array.isArray(list) && list.length < 1000 && list.every((item) => item !== null));
  const pending =
    whole && report.pending.every(({ blockedOn, text }) => Array.isArray(blockedOn) && typeof text === "string");
  const waits = report?.store?.waits ?? [];
  const store = Array.isArray(waits) && waits.every((wait) => typeof wait?.about === "string");
  if (!pending || !store || typeof report.moves !== "number" || typeof report.error !== "string") {
    throw new TypeError(`rank ${rank} sent a report that is none`);
  }
  return { ...report, rank };
}
