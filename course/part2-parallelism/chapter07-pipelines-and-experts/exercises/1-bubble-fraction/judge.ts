// Judges 7.1: the share of idle time, what each rank keeps, and what wrong ones may come from.
import { formed, short, Wrong } from "worldsize/exercise";
import { measured, type Plan } from "./cases.ts";

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9;

const wordsOf = ({ schedule, ranks, microBatches, chunks }: Plan): string =>
  `${schedule}, ${ranks} ${ranks === 1 ? "rank" : "ranks"}, ${microBatches} micro-batches${chunks > 1 ? `, ${chunks} stages of each rank` : ""}`;

/** @throws Wrong when a bubble is not what the schedule takes. */
export function judgeBubble(value: unknown, plan: Plan): void {
  const what = wordsOf(plan);
  const got = formed<number>(value, "number", `${what}: bubble(plan)`);
  const { bubble } = measured(plan);
  if (near(got, bubble)) return;
  throw new Wrong(
    "the bubble",
    `${what}: it says ${short(got)}; on ideal time it is ${short(bubble)}.${bubbleHint(got, plan, bubble)}`,
  );
}

/** What a wrong bubble may come from. */
function bubbleHint(got: number, { ranks: p, microBatches: m, chunks: v }: Plan, right: number): string {
  if (near(got, (p - 1) / (v * m)) || near(got, right / (1 - right)))
    return " That is idle time over working time; asked for is the share of all time.";
  if (v > 1 && near(got, (p - 1) / (m + p - 1))) return " A rank waits for stages, and these are shorter here.";
  if (v > 1 && near(got, (p - 1) / (m + p - 1) / v))
    return " The idle time is shorter; so is the whole, which it is a share of.";
  if (near(got, p / (m + p)) || near(got, p / (m + p - 1)))
    return " The last of p stages has p - 1 before it, and so has the first behind it.";
  if (near(got, 1 - right)) return " That is the share in which it works.";
  if (near(got, 100 * right)) return " That is in percent.";
  return "";
}

/** @throws Wrong when a rank keeps another number of micro-batches. */
export function judgeKept(value: unknown, plan: Plan): void {
  const what = wordsOf(plan);
  const got = formed<readonly number[]>(value, ["number"], `${what}: kept(plan)`);
  const { kept } = measured(plan);
  if (got.length !== plan.ranks) {
    throw new Wrong("what is kept", `${what}: it is a list of ${got.length}; there are ${plan.ranks} ranks.`);
  }
  const rank = kept.findIndex((each, i) => !near(got[i], each));
  if (rank < 0) return;
  throw new Wrong(
    "what is kept",
    `${what}: it says ${short(got[rank])} for rank ${rank}; the schedule keeps ${short(kept[rank])} at most.${keptHint(got, rank, plan, kept)}`,
  );
}

/** What a wrong number may come from. */
function keptHint(
  got: readonly number[],
  rank: number,
  { schedule, ranks: p, microBatches: m, chunks: v }: Plan,
  kept: readonly number[],
): string {
  const all = (of: (each: number, r: number) => number): boolean => got.every((each, r) => near(each, of(kept[r], r)));
  if (v > 1 && all((each) => each * v))
    return " A stage has 1/v of a rank's layers, and keeps as much less of a micro-batch.";
  if (p > 1 && new Set(got).size === 1 && near(got[0], kept[0]))
    return " All ranks have the same here; a later rank's first backward comes sooner.";
  if (got[rank] > m && kept[rank] <= m) return " No rank keeps more micro-batches than there are.";
  if (p > 1 && all((_, r) => kept[p - 1 - r]))
    return " The other way round: the first rank waits longest for its first backward.";
  if (schedule === "interleaved" && near(got[rank], Math.min(p - rank, m)))
    return " That is 1F1B's; here a rank begins with its later stages before the first backward comes.";
  if (schedule === "gpipe" && got[rank] < kept[rank]) return " GPipe's first backward comes behind all forwards.";
  if (near(got[rank] * v, kept[rank] * v - 1))
    return " The forward that comes right before the first backward is kept, too.";
  return "";
}
