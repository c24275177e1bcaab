/**
 * Whether a job can still go on, from what its ranks report when nothing moves for them.
 * A rank is stuck for good only if it has said the same twice, the second time after all
 * those it depends on had stopped too: then nothing was on its way to it any more.
 */

import type { Failure } from "../core/transport.ts";
import type { StoreSession } from "../store/remote-store.ts";
import { findMismatch, type Report, stuckRanks } from "./diagnose.ts";

/** What a rank said last, and since when it says so. Times are the judge's own, in milliseconds. */
export interface Status {
  readonly report: Report;
  /** When the first report with these moves came. */
  readonly since: number;
  /** When the last one came. */
  readonly latest: number;
}

/** Adds a report to what a rank said before. */
export function heard(before: Status | undefined, report: Report, now: number): Status {
  const same = before !== undefined && before.report.moves === report.moves && before.report.state === report.state;
  return { report, since: same ? before.since : now, latest: now };
}

/** What a rank says that it waits for at the store counts only if the store says so, too, and has heard everything. */
export function confirmed(status: Status, session: StoreSession | undefined): Status {
  const { report } = status;
  const { store } = report;
  if (!store?.idle || !session) return status;
  const same = store.waits.every(({ id }) => session.awaits(id)) && session.last >= store.asked;
  return same ? status : { ...status, report: { ...report, store: { ...store, idle: false } } };
}

/** @returns why the job cannot go on; undefined while there is hope. */
export function judge(statuses: readonly Status[], size: number): Failure | undefined {
  const reports = statuses.map(({ report }) => report);
  const byRank = new Map(statuses.map((status) => [status.report.rank, status]));
  const mismatch = findMismatch(reports);
  if (mismatch) return { kind: "mismatch", by: reports[0].rank, detail: mismatch };
  const stuck = stuckRanks(reports, size);
  if (stuck.length === 0) return undefined;
  const involved = new Set(stuck);
  for (const rank of stuck) {
    for (const work of byRank.get(rank)?.report.pending ?? []) {
      if (work.blocking) for (const peer of work.blockedOn) if (byRank.has(peer)) involved.add(peer);
    }
  }
  const stopped = Math.max(...[...involved].map((rank) => byRank.get(rank)?.since ?? Infinity));
  const confirmed = stuck.every((rank) => (byRank.get(rank)?.latest ?? 0) > stopped);
  if (!confirmed) return undefined;
  const left = stuck.some((rank) =>
    byRank
      .get(rank)
      ?.report.pending.some((work) => work.blockedOn.some((peer) => byRank.get(peer)?.report.state === "finished")),
  );
  return { kind: left ? "left" : "stuck", by: stuck[0], detail: "" };
}
