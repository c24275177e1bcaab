/** What the tests and benches need beyond the public interface. */

export { compileProgram } from "./script/node/compile.ts";
export { type JobResult, runJob, transports } from "./script/node/job.ts";
export { defaultTable } from "./world/index.ts";
