/** What the tests and benches need beyond the public interface. */

export { courseFigures, drawFigure } from "./cli/course-figures.ts";
export { loadProgram } from "./cli/load.ts";
export type { Device } from "./device/index.ts";
export type { Rung } from "./draw/index.ts";
export { courseExercises } from "./exercise/node/catalog.ts";
export { loadExercise, runOnce } from "./exercise/node/checker.ts";
export { compileAnswer } from "./exercise/node/compile-answer.ts";
export { compileProgram } from "./job/node/compile.ts";
export { type JobResult, runJob, transports } from "./job/node/job.ts";
export { openDevice } from "./job/node/open-device.ts";
export { defaultTable } from "./world/index.ts";
