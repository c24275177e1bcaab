/**
 * A schedule on virtual time: when each action begins and ends if every rank does its list in order, each action as soon as
 * what it needs has arrived. No work is done, and nothing is drawn by chance.
 */
import { type Action, type ActionKind, actionText, needsOf, type Schedule, stageRanks } from "./schedule.ts";

/** How long actions take, in any unit of time. */
export interface Durations {
  readonly F: number;
  /** Both halves of backward in one: their sum if not given. */
  readonly B?: number;
  readonly I: number;
  readonly W: number;
  /** From the end of an action to the moment another rank can use its result; 0 if not given. */
  readonly message?: number;
}

/** Forward, and each half of backward, take one unit. */
export const unitDurations: Durations = { F: 1, I: 1, W: 1 };

/** An action with its time. */
export interface TimedAction extends Action {
  readonly rank: number;
  readonly start: number;
  readonly end: number;
}

/** What a schedule takes. */
export interface Timing {
  readonly actions: readonly TimedAction[];
  /** From the beginning to the end of the last action. */
  readonly makespan: number;
  /** By rank: time in which it works. */
  readonly busy: readonly number[];
  /** By rank: idle time between its own first and last action. */
  readonly gaps: readonly number[];
  /** Share of all ranks' time in which they are idle. */
  readonly bubble: number;
  /** By rank: most micro-batches of one stage whose activations it keeps at a time, from forward to the end of backward. */
  readonly peaks: readonly number[];
}

/** @throws RangeError when an action waits for ever: `checkSchedule` says which. */
export function timeOf(schedule: Schedule, durations: Durations = unitDurations): Timing {
  const { ranks } = schedule;
  const home = stageRanks(schedule);
  const { message = 0 } = durations;
  const ends = new Map<string, number>();
  const free = ranks.map(() => 0);
  const at = ranks.map(() => 0);
  const actions: TimedAction[] = [];
  /** When an action's needs are met on its rank; undefined while they are not. */
  const readyAt = (action: Action, rank: number): number | undefined => {
    let ready = 0;
    for (const need of needsOf(action, schedule)) {
      const end = ends.get(actionText(need));
      if (end === undefined) return undefined;
      ready = Math.max(ready, end + (home[need.stage] === rank ? 0 : message));
    }
    return ready;
  };
  for (let moved = true; moved; ) {
    moved = false;
    for (const [rank, list] of ranks.entries()) {
      for (let action = list[at[rank]]; action; action = list[at[rank]]) {
        const ready = readyAt(action, rank);
        if (ready === undefined) break;
        const start = Math.max(ready, free[rank]);
        const end = start + lengthOf(action.kind, durations);
        actions.push({ ...action, rank, start, end });
        // A whole backward is also what the stage before waits for.
        ends.set(actionText(action), end);
        if (action.kind === "B") ends.set(actionText({ ...action, kind: "I" }), end);
        free[rank] = end;
        at[rank]++;
        moved = true;
      }
    }
  }
  if (at.some((place, rank) => place < ranks[rank].length)) {
    throw new RangeError(`The schedule ${schedule.name} never ends: an action waits for what comes after it.`);
  }
  return measured(schedule, actions);
}

function lengthOf(kind: ActionKind, { F, B, I, W }: Durations): number {
  return { F, B: B ?? I + W, I, W }[kind];
}

function measured({ ranks }: Schedule, actions: readonly TimedAction[]): Timing {
  const makespan = Math.max(0, ...actions.map(({ end }) => end));
  const own = ranks.map((_, rank) => actions.filter((action) => action.rank === rank));
  const busy = own.map((list) => list.reduce((sum, { start, end }) => sum + end - start, 0));
  const gaps = own.map((list, rank) =>
    list.length === 0
      ? 0
      : Math.max(...list.map(({ end }) => end)) - Math.min(...list.map(({ start }) => start)) - busy[rank],
  );
  const all = busy.reduce((sum, each) => sum + each, 0);
  return {
    actions,
    makespan,
    busy,
    gaps,
    bubble: makespan > 0 ? 1 - all / (ranks.length * makespan) : 0,
    peaks: ranks.map(peakOf),
  };
}

/** Most forwards of a rank's list whose backward is not done. */
export function peakOf(actions: readonly Action[]): number {
  let [kept, peak] = [0, 0];
  for (const { kind } of actions) {
    if (kind === "F") peak = Math.max(peak, ++kept);
    else if (kind !== "I") kept--;
  }
  return peak;
}
