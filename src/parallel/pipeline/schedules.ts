/** The schedules that have a name. */
import { gpipe, interleaved, oneForwardOneBackward, type PipelineShape } from "./generate.ts";
import type { Schedule } from "./schedule.ts";
import { zeroBubbleH1, zeroBubbleV } from "./zero-bubble.ts";

/** By name. */
export const schedules = {
  gpipe,
  "1f1b": oneForwardOneBackward,
  interleaved,
  "zb-h1": zeroBubbleH1,
  "zb-v": zeroBubbleV,
} satisfies Record<string, (shape: PipelineShape) => Schedule>;

/** Such as `1f1b`. */
export type ScheduleName = keyof typeof schedules;

/** All names, the plainest first. */
export const scheduleNames = Object.keys(schedules) as ScheduleName[];

/** Stages of each rank, of which interleaved ones may have any number. */
export function chunksOfSchedule(name: ScheduleName, chunks = 2): number {
  if (name === "interleaved") return chunks;
  return name === "zb-v" ? 2 : 1;
}
