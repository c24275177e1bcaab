/** Pipelines: schedules as data, checked, timed, written as CSV, and run. */
export { checkSchedule } from "./check.ts";
export { parseScheduleCsv, scheduleCsv } from "./csv.ts";
export { gpipe, interleaved, oneForwardOneBackward, type PipelineShape } from "./generate.ts";
export { type MessageAction, type Step, stepText, withMessages } from "./messages.ts";
export { PipelineRun, type StageWork } from "./run.ts";
export { type Action, type ActionKind, actionText, type Schedule, stageRanks } from "./schedule.ts";
export { chunksOfSchedule, type ScheduleName, scheduleNames, schedules } from "./schedules.ts";
export { DecoderStages, type LayerRange, layersOfStages } from "./stages.ts";
export { TiedEmbedding } from "./tied.ts";
export { type Durations, peakOf, type TimedAction, type Timing, timeOf, unitDurations } from "./timing.ts";
export { zeroBubbleH1, zeroBubbleV } from "./zero-bubble.ts";
