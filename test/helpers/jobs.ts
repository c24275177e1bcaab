/** Runs programs as jobs and gathers what they showed. */
import { fileURLToPath } from "node:url";
import { compileProgram } from "../../src/job/node/compile.ts";
import { type JobOptions, type JobResult, runJob } from "../../src/job/node/job.ts";
import type { Shown } from "../../src/script/index.ts";

/** What each rank showed, in order, with how the job ended. */
export type Outcome = JobResult & { readonly shown: readonly { readonly rank: number; readonly shown: Shown }[] };

/** @param file a program, relative to the repository's root. */
export async function runProgram(file: string, options: Omit<JobOptions, "program" | "onShown">): Promise<Outcome> {
  const program = await compileProgram(fileURLToPath(new URL(`../../${file}`, import.meta.url)));
  const shown: { rank: number; shown: Shown }[] = [];
  const result = await runJob({ ...options, program, onShown: (rank, what) => shown.push({ rank, shown: what }) });
  return { ...result, shown };
}
