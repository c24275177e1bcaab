/**
 * From what every rank was doing to one message that says what went wrong. A pure
 * function of the ranks' reports, so every rank comes to the same words.
 */
import type { Kind } from "./operation.ts";
import type { FlightRecord } from "./recorder.ts";
import type { Failure, RankState } from "./transport.ts";

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
  readonly awaited: boolean;
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
}

/** @param reports those that came in time; index is not rank. */
export function diagnose(failure: Failure, reports: readonly Report[]): string {
  if (failure.kind === "aborted") return failure.detail;
  if (failure.kind === "threw") return describeThrow(failure, reports);
  if (failure.kind === "lost" || failure.kind === "broken") return describeLoss(failure, reports);
  const mismatch = findMismatch(reports) ?? findUnequalPair(reports);
  if (mismatch) return mismatch;
  if (failure.kind === "mismatch") return failure.detail;
  return describeLeft(reports) ?? describeStuck(reports);
}

/**
 * The ranks that can never go on: each awaits something, and all it awaits needs a rank
 * that is finished or in this set. Empty if there is hope.
 */
export function stuckRanks(reports: readonly Report[], size: number): number[] {
  const byRank = new Map(reports.map((report) => [report.rank, report]));
  const gone = (rank: number): boolean => byRank.get(rank)?.state === "finished";
  const stuck = new Set<number>();
  for (const { rank, state, pending } of reports) {
    if (state === "running" && pending.some((work) => work.awaited)) stuck.add(rank);
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const rank of stuck) {
      const awaited = byRank.get(rank)?.pending.filter((work) => work.awaited) ?? [];
      const hope = awaited.some((work) => !work.blockedOn.some((peer) => gone(peer) || stuck.has(peer)));
      if (hope) {
        stuck.delete(rank);
        changed = true;
      }
    }
  }
  return [...stuck].filter((rank) => rank < size);
}

/** Two ranks that called different things at the same place in a group's order. */
export function findMismatch(reports: readonly Report[]): string | undefined {
  const places = new Map<
    string,
    { seq: number; group: string; calls: Map<number, { op: FlightRecord; ranks: number[] }> }
  >();
  for (const { rank, recent } of reports) {
    for (const op of recent) {
      if (op.seq === 0) continue;
      const key = `${op.groupId}#${op.seq}`;
      const place = places.get(key) ?? { seq: op.seq, group: op.group, calls: new Map() };
      places.set(key, place);
      const call = place.calls.get(op.hash) ?? { op, ranks: [] };
      call.ranks.push(rank);
      place.calls.set(op.hash, call);
    }
  }
  const first = [...places.values()].filter(({ calls }) => calls.size > 1).sort((a, b) => a.seq - b.seq)[0];
  if (!first) return undefined;
  const [odd, ...others] = [...first.calls.values()].sort(
    (a, b) => a.ranks.length - b.ranks.length || b.ranks[0] - a.ranks[0],
  );
  const rest = others
    .map(({ op, ranks }) => `${nameRanks(ranks)} called ${op.operation} there${at(op.site)}`)
    .join(" and ");
  const texts = [odd, ...others].map(({ op }) => op.operation);
  const alike = new Set(texts).size < texts.length ? " What differs is further on than these texts go." : "";
  const rule = texts.every((text) => text.startsWith("newGroup(")) ? sameGroups : sameCalls;
  return (
    `${nameRanks(odd.ranks)} called ${odd.op.operation} as operation ${first.seq} of ${first.group}${at(odd.op.site)}, ` +
    `but ${rest}.${alike} ${rule}`
  );
}

const sameCalls =
  "Every rank must call the same collectives, with the same shapes, dtypes, operators, roots and algorithms, in the same order.";
const sameGroups =
  "Every rank, member or not, must call newGroup with the same ranks in the same order, and the same name. For several groups at once, use split.";

/** A send and the receive it meets, of different size or dtype. */
function findUnequalPair(reports: readonly Report[]): string | undefined {
  for (const receiver of reports) {
    for (const recv of receiver.pending.filter((work) => work.kind === "recv")) {
      const send = reports
        .find((report) => report.rank === recv.peer)
        ?.pending.find(
          (work) =>
            work.kind === "send" && work.peer === receiver.rank && work.tag === recv.tag && work.group === recv.group,
        );
      if (!send || send.hash === recv.hash) continue;
      return (
        `rank ${receiver.rank} called ${recv.text}${at(recv.site)}, but rank ${recv.peer} called ${send.text}${at(send.site)}. ` +
        "A receive must have the shape and dtype of the send it meets."
      );
    }
  }
  return undefined;
}

function describeThrow(failure: Failure, reports: readonly Report[]): string {
  const thrower = reports.find((report) => report.rank === failure.by);
  const error = thrower?.error || failure.detail;
  const aborted = error.startsWith("AbortError: ");
  const what = aborted ? `aborted the job: ${error.slice("AbortError: ".length)}` : `threw ${error}`;
  return `rank ${failure.by} ${what}${meanwhile(reports)}.`;
}

/** A process or a connection is gone. */
function describeLoss(failure: Failure, reports: readonly Report[]): string {
  return `rank ${failure.by} ${failure.detail}${meanwhile(reports)}.`;
}

/** What the other ranks were waiting in. */
function meanwhile(reports: readonly Report[]): string {
  const waiting = waiters(reports).map(({ rank, work }) => `rank ${rank} waits in ${work.text}${at(work.site)}`);
  if (waiting.length > 8) waiting.splice(8, Infinity, `and ${waiting.length - 8} more`);
  return waiting.length ? ` while ${waiting.join(", ")}` : "";
}

/** Somebody waits for a rank whose program has ended. */
function describeLeft(reports: readonly Report[]): string | undefined {
  const finished = new Set(reports.filter((report) => report.state === "finished").map((report) => report.rank));
  for (const { rank, work } of waiters(reports)) {
    const gone = work.blockedOn.filter((peer) => finished.has(peer));
    if (gone.length === 0) continue;
    const last = reports.find((report) => report.rank === gone[0])?.recent.at(-1);
    const lastText = last ? ` Its last operation was ${last.operation}${at(last.site)}.` : " It called no operation.";
    return (
      `${nameRanks(gone)} returned, but rank ${rank} waits for ${gone.length > 1 ? "them" : "it"} in ` +
      `${work.text}${at(work.site)}${place(work)}.${gone.length === 1 ? lastText : ""} ` +
      "Every rank must do its part of each operation before its program ends."
    );
  }
  return undefined;
}

function describeStuck(reports: readonly Report[]): string {
  const all = waiters(reports);
  const lines = all
    .slice(0, 16)
    .map(
      ({ rank, work }) =>
        `  rank ${rank} waits for ${nameRanks(work.blockedOn)} in ${work.text}${at(work.site)}${place(work)}`,
    );
  if (all.length > 16) lines.push(`  and ${all.length - 16} more`);
  const sends = all.some(({ work }) => work.kind === "send");
  const advice = sends
    ? "A send completes only when its receive has taken the bytes: let one side receive first, or issue both and await them together."
    : "Every operation that is waited for needs its other side: check ranks, tags and the order of calls.";
  return `Deadlock: each of these ranks waits for another one, and nothing can move.\n${lines.join("\n")}\n${advice}`;
}

function waiters(reports: readonly Report[]): { rank: number; work: PendingOperation }[] {
  return reports
    .flatMap(({ rank, pending }) => pending.filter((work) => work.awaited).map((work) => ({ rank, work })))
    .sort((a, b) => a.rank - b.rank);
}

function at(site: string): string {
  return site ? ` (${site})` : "";
}

function place(work: PendingOperation): string {
  return work.seq > 0 ? `, operation ${work.seq} of ${work.group}` : "";
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
