// Judges 7.2: the order of a schedule, its time, what it keeps; and what a run by it came to.
import { type Outcome, short, Wrong } from "worldsize/exercise";
import { type Schedule, timeOf } from "worldsize/parallel";
import { gradientsOf, type Matrix, type Shape, scheduleOf, wordsOf } from "./cases.ts";

/** What a rank's run came to. */
export interface Ran {
  readonly gradient: Matrix;
  readonly peak: number;
  readonly planned: number;
}

export interface Report {
  /** By shape, on rank 0: what the answer returned. */
  readonly table: readonly unknown[];
  /** Of the run: what the answer returned on this rank. */
  readonly rows: unknown;
  /** Nothing where the rows cannot be run. */
  readonly ran: Ran | undefined;
}

/** A forward takes one unit of time, a backward two. */
const lengths = { F: 1, I: 1, W: 1 };

/** @throws Wrong for rows that cannot be run, take too long, or keep too much. */
export function judgeTable(rows: unknown, shape: Shape): void {
  const schedule = scheduleOf(rows, shape);
  const words = wordsOf(shape);
  const { stages, microBatches } = shape;
  const { peaks, makespan, actions } = timeOf(schedule, lengths);
  const least = 3 * (microBatches + stages - 1);
  if (makespan > least) {
    const last = actions.reduce((a, b) => (b.end > a.end ? b : a));
    throw new Wrong(
      "the time",
      `${words}: it takes ${makespan} units, until rank ${last.rank} has done ${last.kind}${last.microBatch}; 1F1B takes ${least}.${timeHint(schedule, makespan)}`,
    );
  }
  for (const [rank, peak] of peaks.entries()) {
    const most = Math.min(stages - rank, microBatches);
    if (peak <= most) continue;
    throw new Wrong(
      "what is kept",
      `${words}: rank ${rank} keeps ${peak} micro-batches at a time; ${most} ${most === 1 ? "is" : "are"} enough.${keptHint(schedule, peaks, shape)}`,
    );
  }
}

/** What a long time may come from. */
function timeHint({ ranks, stages, microBatches }: Schedule, makespan: number): string {
  if (makespan === 3 * stages * microBatches) {
    return " Each micro-batch goes all the way and back before the next one begins.";
  }
  const starts = ranks.map((row) => row.findIndex(({ kind }) => kind === "B"));
  if (starts.every((start) => start === starts[0])) {
    return " All ranks begin with equally many forwards; a later one gets its first gradient sooner.";
  }
  return " Look for a rank that waits although a forward could be done.";
}

/** What a large peak may come from. */
function keptHint({ ranks }: Schedule, peaks: readonly number[], { stages, microBatches }: Shape): string {
  if (
    peaks.every((peak) => peak === microBatches) &&
    ranks.every((row) => row.slice(0, microBatches).every(({ kind }) => kind === "F"))
  )
    return " All forwards come first: that is GPipe. A backward makes room for the next forward.";
  if (peaks.every((peak, rank) => peak === Math.min(stages - rank + 1, microBatches)))
    return " Each rank begins with one forward too many: in taking turns, a forward comes first.";
  return "";
}

/** @throws Wrong when a run by the rows had other gradients than one rank, or kept another number than the rows say. */
export function judgeRun({ seed, ranks, reports, size }: Outcome<Report>, shape: Shape): void {
  scheduleOf(reports[0].rows, shape);
  const right = gradientsOf(seed, shape);
  for (const rank of ranks) {
    const what = `${wordsOf(shape)}, run on ${size} ${size === 1 ? "rank" : "ranks"}`;
    const { rows, ran } = reports[rank];
    if (JSON.stringify(rows) !== JSON.stringify(reports[0].rows)) {
      throw new Wrong(
        "the same on all ranks",
        `${what}: on rank ${rank} the function returned other rows than on rank 0.`,
      );
    }
    const got = ran?.gradient;
    const wanted = right[rank];
    const bad = wanted.flatMap((row, i) => row.map((value, j) => ({ value, i, j, mine: got?.[i]?.[j] ?? Number.NaN })))
      .find(({ value, mine }) => !(Math.abs(mine - value) <= 1e-4 + 1e-4 * Math.abs(value))); // biome-ignore format: one search
    if (bad) {
      throw new Wrong(
        "the gradients",
        `${what}: the gradient of rank ${rank}'s weight[${bad.i}, ${bad.j}] is ${short(bad.mine)}; on one rank it is ${short(bad.value)}.`,
      );
    }
    if (ran?.peak !== ran?.planned) {
      throw new Wrong(
        "what is kept",
        `${what}: rank ${rank} kept ${ran?.peak} micro-batches, its row says ${ran?.planned}.`,
      );
    }
  }
}
