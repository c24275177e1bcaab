/** Who waits for what, in words, from what the ranks report. */
import type { Peeked } from "../core/recorder.ts";
import { nameRanks, type PendingOperation, type Report } from "../core/report.ts";
import type { StoreWait } from "../store/open-calls.ts";

/** Most groups of ranks, and most waits of one rank, that are named. */
const SHOWN = 8;
const EACH = 3;

/** What others see of a rank that cannot answer. */
export type Seen = Pick<Peeked, "last" | "started">;

/** What one rank does, as it is said of one and of several. */
export type Words = readonly [one: string, several: string];

/**
 * `rank 0 waits for key "x" of the store (my.ts:4), ranks 1 and 2 wait for rank 0 in barrier() (my.ts:7)`
 * @param reports of those that could answer. @param absent what to say of one that could not.
 */
export function whoWaits(
  reports: readonly Report[],
  size: number,
  absent: (rank: number) => Words = () => ["is in its program", "are in their programs"],
): string {
  const byRank = new Map(reports.map((report) => [report.rank, report]));
  const groups = new Map<string, { words: Words; ranks: number[] }>();
  for (let rank = 0; rank < size; rank++) {
    const report = byRank.get(rank);
    const words = report ? doing(report) : absent(rank);
    const group = groups.get(words[0]) ?? { words, ranks: [] };
    group.ranks.push(rank);
    groups.set(words[0], group);
  }
  const texts = [...groups.values()].map(
    ({ words, ranks }) => `${nameRanks(ranks)} ${words[ranks.length > 1 ? 1 : 0]}`,
  );
  if (texts.length > SHOWN) texts.splice(SHOWN, Infinity, `and so on for ${texts.length - SHOWN} more`);
  return texts.join(", ");
}

/** `Nothing has moved for 30 s: rank 0 …, rank 1 ….` @param silence milliseconds. */
export function silenceOf(silence: number, ...who: Parameters<typeof whoWaits>): string {
  return `Nothing has moved for ${silence / 1e3} s: ${whoWaits(...who)}.`;
}

/** `key "x" of the store (my.ts:4)` */
export function nameWait({ about, site }: StoreWait): string {
  return `${about} of the store${at(site)}`;
}

/** `rank 2 in recv(f32[4]) from rank 2 (my.ts:7)` */
export function nameOperation({ text, site, blockedOn }: PendingOperation): string {
  return `${blockedOn.length > 0 ? `${nameRanks(blockedOn)} in ` : ""}${text}${at(site)}`;
}

/**
 * What a rank does that cannot say it: `computes, or loops, in its program; its last operation was barrier() (my.ts:7 on rank 0)`
 * @param seen what others see of it: no line, but a peer may know that of its own part of the same collective.
 * @param shared whether all ranks share the thread that does not answer.
 */
export function computes(seen: Seen | undefined, peers: readonly Report[], shared = false): Words {
  if (!seen?.started) return ["is starting", "are starting"];
  const { last } = seen;
  const [one, several] = shared
    ? ["shares a thread that computes, or loops", "share a thread that computes, or loops"]
    : ["computes, or loops, in its program", "compute, or loop, in their programs"];
  if (!last) return [`${one}; it has called no operation`, `${several}; they have called no operation`];
  let where = at(last.site);
  for (const { rank, recent } of peers) {
    const same = recent.find(
      ({ seq, hash, operation }) => seq > 0 && seq === last.seq && hash === last.hash && operation === last.operation,
    );
    if (where === "" && same?.site) where = ` (${same.site} on rank ${rank})`;
  }
  const call = last.operation + where;
  return [`${one}; its last operation was ${call}`, `${several}; the last operation of each was ${call}`];
}

function doing({ state, pending, store, streams, recent }: Report): Words {
  if (state === "finished") return ["has finished", "have finished"];
  if (state === "failed") return ["has failed", "have failed"];
  const operations = pending.filter(({ blocking }) => blocking);
  const waits = [
    ...operations.map((work) => `${work.blockedOn.length > 0 ? "for " : "in "}${nameOperation(work)}`),
    ...(store?.waits ?? []).map((wait) => `for ${nameWait(wait)}`),
  ];
  if (waits.length === 0 && streams) waits.push("for its device");
  const more = waits.length > EACH ? ` and ${waits.length - EACH} more` : "";
  const what = waits.slice(0, EACH).join(" and ") + more;
  if (what) return [`waits ${what}`, `wait ${what}`];
  const last = recent.at(-1);
  const call = last && `${last.operation}${at(last.site)}`;
  let since = "has called nothing yet";
  if (call) since = last.state === "in flight" ? `does not await ${call}` : `has called nothing since ${call}`;
  return [`is in its program (${since})`, `are in their programs (each ${since})`];
}

function at(site: string): string {
  return site ? ` (${site})` : "";
}
