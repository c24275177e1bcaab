/** Whether a schedule can be run: each action once, and none that waits for ever. */
import { type Action, actionText, needsOf, type Schedule, stageRanks } from "./schedule.ts";

/**
 * Checks a schedule of whatever source.
 * @throws RangeError that names the first action that is missing, there twice, of no stage or micro-batch, or that waits for
 *   what never comes; for a deadlock it names what each stuck rank waits for.
 */
export function checkSchedule(schedule: Schedule): void {
  const places = placesOf(schedule);
  for (let stage = 0; stage < schedule.stages; stage++) {
    for (let microBatch = 0; microBatch < schedule.microBatches; microBatch++) {
      checkComplete(schedule, places, stage, microBatch);
    }
  }
  stageRanks(schedule);
  checkEnds(schedule, places);
}

/** Where each action stands: `rank 1, action 3`, both from 0. */
function placesOf({ name, ranks, stages, microBatches }: Schedule): Map<string, string> {
  const places = new Map<string, string>();
  for (const [rank, list] of ranks.entries()) {
    for (const [at, action] of list.entries()) {
      const text = actionText(action);
      const place = `rank ${rank}, action ${at}`;
      if (action.stage >= stages || action.microBatch >= microBatches) {
        throw new RangeError(
          `${name}: ${text} (${place}) is of no stage or micro-batch: there are ${stages} stages and ${microBatches} micro-batches, from 0.`,
        );
      }
      const before = places.get(text);
      if (before) throw new RangeError(`${name}: ${text} is there twice: ${before} and ${place}.`);
      places.set(text, place);
    }
  }
  return places;
}

function checkComplete({ name }: Schedule, places: Map<string, string>, stage: number, microBatch: number): void {
  const has = (kind: Action["kind"]): boolean => places.has(actionText({ kind, stage, microBatch }));
  const whose = `of stage ${stage} and micro-batch ${microBatch}`;
  const missing = (kind: Action["kind"], what: string): never => {
    throw new RangeError(`${name}: ${actionText({ kind, stage, microBatch })} is missing, ${what} ${whose}.`);
  };
  if (!has("F")) missing("F", "the forward");
  if (has("B") && (has("I") || has("W"))) {
    const half = has("I") ? "I" : "W";
    throw new RangeError(
      `${name}: backward ${whose} is there whole and as a half: ${places.get(actionText({ kind: "B", stage, microBatch }))} and ` +
        `${places.get(actionText({ kind: half, stage, microBatch }))} (${actionText({ kind: half, stage, microBatch })}).`,
    );
  }
  if (has("B")) return;
  if (!has("I") && !has("W")) missing("B", "the backward");
  if (!has("I")) missing("I", "the gradient of the input");
  if (!has("W")) missing("W", "the gradients of the weights");
}

/** Lets every rank do its list as far as it can. */
function checkEnds(schedule: Schedule, places: ReadonlyMap<string, string>): void {
  const { name, ranks } = schedule;
  const done = new Set<string>();
  const at = ranks.map(() => 0);
  const waitsFor = (action: Action): Action | undefined =>
    needsOf(action, schedule).find((need) => !done.has(actionText(need)));
  for (let moved = true; moved; ) {
    moved = false;
    for (const [rank, list] of ranks.entries()) {
      for (let action = list[at[rank]]; action && !waitsFor(action); action = list[at[rank]]) {
        done.add(actionText(action));
        if (action.kind === "B") done.add(actionText({ ...action, kind: "I" }));
        at[rank]++;
        moved = true;
      }
    }
  }
  const stuck = ranks.flatMap((list, rank) => {
    const action = list[at[rank]];
    const need = action && waitsFor(action);
    if (!need) return [];
    // Whoever needs the gradient of an input takes it of a whole backward, too.
    const found = places.has(actionText(need)) ? need : { ...need, kind: "B" as const };
    return [`rank ${rank} stops at ${actionText(action)} (action ${at[rank]}), which needs ${actionText(found)}`];
  });
  if (stuck.length > 0) throw new RangeError(`${name} deadlocks: ${stuck.join("; ")}.`);
}
