/**
 * From what every rank was doing to one message that says what went wrong: a pure function of
 * the ranks' reports. The monitor calls it, and sends the words to every rank.
 */
import type { FlightRecord } from "../core/recorder.ts";
import { nameRanks, type PendingOperation, type Report } from "../core/report.ts";
import type { Failure } from "../core/transport.ts";
import type { StoreWait } from "../store/open-calls.ts";
import { nameOperation, nameWait, whoWaits } from "./waiting.ts";

export { nameRanks, type PendingOperation, type Report };

/** @param reports those that came in time; index is not rank. */
export function diagnose(failure: Failure, reports: readonly Report[]): string {
  if (failure.kind === "aborted") return failure.detail;
  if (failure.kind === "threw") return describeThrow(failure, reports);
  if (failure.kind === "late") return describeLate(failure, reports);
  if (failure.kind === "lost" || failure.kind === "broken") return describeLoss(failure, reports);
  const mismatch = findMismatch(reports) ?? findUnequalPair(reports);
  if (mismatch) return mismatch;
  if (failure.kind === "mismatch") return failure.detail;
  return describeLeft(reports) ?? describeStuck(reports);
}

/**
 * The ranks that can never go on: each awaits something, and all it awaits needs a rank
 * that is finished or in this set. Empty if there is hope. What a rank waits for at the store
 * may come from any other, and from a timer of its own; and a wait that the program has limited
 * ends by itself.
 */
export function stuckRanks(reports: readonly Report[], size: number): number[] {
  const byRank = new Map(reports.map((report) => [report.rank, report]));
  const gone = (rank: number): boolean => byRank.get(rank)?.state === "finished";
  const waitsOf = (rank: number): readonly StoreWait[] => byRank.get(rank)?.store?.waits ?? [];
  const stuck = new Set<number>();
  for (const { rank, state, pending } of reports) {
    if (state !== "running") continue;
    if (pending.some((work) => work.blocking) || waitsOf(rank).length > 0) stuck.add(rank);
  }
  const still = (rank: number): boolean => stuck.has(rank) && byRank.get(rank)?.store?.idle === true;
  const everybody = Array.from({ length: size }, (_, rank) => rank);
  for (let changed = true; changed; ) {
    changed = false;
    const deserted = everybody.every((rank) => gone(rank) || still(rank)); // nobody is left who could call the store
    for (const rank of stuck) {
      const blocking = byRank.get(rank)?.pending.filter((work) => work.blocking) ?? [];
      const hope =
        blocking.some((work) => !work.blockedOn.some((peer) => gone(peer) || stuck.has(peer))) ||
        waitsOf(rank).some(({ ends }) => ends || !deserted);
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
    .slice(0, 8)
    .map(({ op, ranks }) => `${nameRanks(ranks)} called ${op.operation} there${at(op.site)}`)
    .concat(others.length > 8 ? [`others called ${others.length - 8} other things`] : [])
    .join(" and ");
  const texts = [odd, ...others].map(({ op }) => op.operation);
  const alike = new Set(texts).size < texts.length ? " They differ only beyond what is shown here." : "";
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

/** A send and the receive it matches, of different size or dtype. */
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
        "A receive must have the shape and dtype of the send it matches."
      );
    }
  }
  return undefined;
}

/** A send and a receive of the same two ranks that wait for each other and never match. */
function findApart(reports: readonly Report[]): string | undefined {
  const all = reports.flatMap(({ rank, pending }) => pending.map((work) => ({ rank, work })));
  const meets = (a: PendingOperation, b: PendingOperation): boolean => a.tag === b.tag && a.group === b.group;
  type Side = (typeof all)[number];
  const opposite = (a: Side, b: Side): boolean =>
    a.rank === b.work.peer && b.rank === a.work.peer && a.work.kind !== b.work.kind;
  const alone = all.filter((a) => a.work.peer >= 0 && !all.some((b) => opposite(a, b) && meets(a.work, b.work)));
  for (const send of alone.filter(({ work }) => work.kind === "send")) {
    const recv = alone.find((other) => opposite(send, other));
    if (!recv) continue;
    const sent = `rank ${send.rank}'s ${send.work.text}${at(send.work.site)}`;
    const taken = `rank ${recv.rank}'s ${recv.work.text}${at(recv.work.site)}`;
    const differs =
      send.work.tag !== recv.work.tag
        ? `their tags differ, ${send.work.tag} and ${recv.work.tag}`
        : `one is called on ${send.work.group}, the other on ${recv.work.group}`;
    return `${sent} and ${taken} do not match: ${differs}.`;
  }
  return undefined;
}

function describeThrow(failure: Failure, reports: readonly Report[]): string {
  const thrower = reports.find((report) => report.rank === failure.by);
  return `rank ${failure.by} ${thrower?.error || failure.detail || "failed"}${meanwhile(reports)}.`;
}

/** A process or a connection is gone. */
function describeLoss(failure: Failure, reports: readonly Report[]): string {
  return `rank ${failure.by} ${failure.detail}${meanwhile(reports)}.`;
}

/** A rank has waited for longer than the job allows. */
function describeLate({ by, detail }: Failure, reports: readonly Report[]): string {
  const known = reports.flatMap(({ rank, pending }) => [rank, ...pending.flatMap(({ blockedOn }) => blockedOn)]);
  return (
    `rank ${by} has waited for ${detail}, and nothing came: ${whoWaits(reports, Math.max(by, ...known) + 1)}. ` +
    `That is the job's timeout; give it more time if the ranks need it.`
  );
}

/** What the other ranks were waiting in. */
function meanwhile(reports: readonly Report[]): string {
  const waiting = [
    ...waiters(reports).map(({ rank, work }) => `rank ${rank} waits in ${work.text}${at(work.site)}`),
    ...reports.flatMap(({ rank, store }) =>
      (store?.waits ?? []).map((wait) => `rank ${rank} waits for ${nameWait(wait)}`),
    ),
  ];
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
  const atStore = reports.flatMap(({ rank, store }) => (store?.waits ?? []).map((wait) => ({ rank, wait })));
  const lines = [
    ...all.map(({ rank, work }) => ({ rank, text: `${nameOperation(work)}${place(work)}` })),
    ...atStore.map(({ rank, wait }) => ({ rank, text: nameWait(wait) })),
  ]
    .sort((a, b) => a.rank - b.rank)
    .map(({ rank, text }) => `  rank ${rank} waits for ${text}`);
  const apart = findApart(reports);
  const most = apart ? 4 : 16; // two that never match say enough
  if (lines.length > most) lines.splice(most, Infinity, `  and ${lines.length - most} more`);
  const sends = all.some(({ work }) => work.kind === "send");
  const advice: string[] = [];
  if (apart) advice.push(apart);
  else if (sends)
    advice.push(
      "A send completes only when its receive has taken the bytes: let one side receive first, or issue both and await them together.",
    );
  else if (all.length > 0)
    advice.push("Every operation that is waited for needs its other side: check ranks, tags and the order of calls.");
  if (atStore.length > 0) {
    const finished = reports.flatMap(({ rank, state }) => (state === "finished" ? [rank] : []));
    if (finished.length > 0) advice.push(`${nameRanks(finished)} ${finished.length > 1 ? "have" : "has"} returned.`);
    advice.push(
      "A key must be set, and a barrier reached, by a rank that does not wait itself: check names and the order of calls, or give the wait a timeout.",
    );
  }
  const lone = new Set(lines).size === 1;
  const head = lone ? "no rank is left that could do what is waited for" : "each of these ranks waits for another one";
  return `Deadlock: ${head}, and nothing can move.\n${lines.join("\n")}\n${advice.join(" ")}`;
}

function waiters(reports: readonly Report[]): { rank: number; work: PendingOperation }[] {
  return reports
    .flatMap(({ rank, pending }) => pending.filter((work) => work.blocking).map((work) => ({ rank, work })))
    .sort((a, b) => a.rank - b.rank);
}

function at(site: string): string {
  return site ? ` (${site})` : "";
}

function place(work: PendingOperation): string {
  return work.seq > 0 ? `, operation ${work.seq} of ${work.group}` : "";
}
