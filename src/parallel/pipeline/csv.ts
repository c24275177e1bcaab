/** Schedules as CSV, one line for each rank, as torch.distributed.pipelining writes and reads them: `0F0,0F1,0B0,0B1`. */
import { checkSchedule } from "./check.ts";
import { type Action, type ActionKind, actionText, type Schedule } from "./schedule.ts";

/** A line for each rank, actions between commas. */
export function scheduleCsv({ ranks }: Pick<Schedule, "ranks">): string {
  return ranks.map((list) => `${list.map(actionText).join(",")}\n`).join("");
}

/**
 * Reads a schedule, and checks it. Empty cells are idle time, and are left out; so are messages, which the program inserts
 * anew, and what torch writes of FSDP.
 * @param name in errors, such as the file's. @throws RangeError that names the line and the cell, or the action.
 */
export function parseScheduleCsv(text: string, name = "schedule"): Schedule {
  const lines = text.replace(/\s+$/, "").split(/\r?\n/);
  const ranks = lines.map((line, rank) =>
    line.split(",").flatMap((cell, place) => parseCell(cell.trim(), `${name}, line ${rank + 1}, cell ${place + 1}`)),
  );
  const all = ranks.flat();
  if (all.length === 0) throw new RangeError(`${name} has no actions. Write a line for each rank, such as 0F0,0B0.`);
  const stages = 1 + all.reduce((most, { stage }) => Math.max(most, stage), 0);
  const microBatches = 1 + all.reduce((most, { microBatch }) => Math.max(most, microBatch), 0);
  if (stages * microBatches > all.length) throw tooFew(name, all, stages, microBatches);
  const schedule = { name, stages, microBatches, ranks };
  checkSchedule(schedule);
  return schedule;
}

function parseCell(cell: string, place: string): Action[] {
  if (cell === "" || /^\d+((SEND|RECV)_[FB]\d+|UNSHARD|RESHARD|REDUCE_GRAD)$/.test(cell)) return [];
  const [, stage, kind, microBatch] = /^(\d{1,6})([FBIW])(\d{1,6})$/.exec(cell) ?? [];
  if (kind === undefined) {
    throw new RangeError(
      `${place}: ${JSON.stringify(cell.slice(0, 40))} is no action. Write stage, kind (F, B, I or W) and micro-batch: 0F0.`,
    );
  }
  return [{ kind: kind as ActionKind, stage: Number(stage), microBatch: Number(microBatch) }];
}

/** A number that is far too large must not become a table that is as large. */
function tooFew(name: string, all: readonly Action[], stages: number, microBatches: number): RangeError {
  const there = new Set(all.map(actionText));
  for (let stage = 0; stage < stages; stage++) {
    for (let microBatch = 0; microBatch < microBatches; microBatch++) {
      const text = actionText({ kind: "F", stage, microBatch });
      if (!there.has(text)) {
        return new RangeError(
          `${name}: ${text} is missing. Its ${all.length} actions name ${stages} stages and ${microBatches} micro-batches.`,
        );
      }
    }
  }
  return new RangeError(`${name} has too few actions.`);
}
