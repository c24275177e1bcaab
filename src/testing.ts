/** What the tests and benches need beyond the public interface. */
export { runJob, type JobResult, transports } from "./script/node/job.ts";
export { defaultTable } from "./world/index.ts";
export { compileProgram } from "./script/node/compile.ts";
