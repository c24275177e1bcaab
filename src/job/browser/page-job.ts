/** Runs a program on ranks that are threads of a page, and sees to their end. */
import type { JobResult } from "../job-result.ts";
import type { Output } from "../output.ts";
import { runThreads } from "../run-threads.ts";
import { type RunSettings, settingsOf } from "../settings.ts";
import { pageKit } from "./page-kit.ts";

/** Bytes that a page's memory may grow to if nothing else is said: browsers give less than Node. */
const LIMIT = 2 ** 28;

export interface PageJobOptions extends Partial<RunSettings> {
  /** The built thread.ts, beside which the kernels are served. */
  readonly script: URL;
  /** A module whose default export is a script. */
  readonly program: URL;
  readonly ranks: number;
  /** Threads over shared memory, or all ranks in one thread. */
  readonly transport?: "shm" | "local";
  /** Of the program. */
  readonly options?: Record<string, unknown>;
  /** Bytes of device memory for all ranks together. */
  readonly memory?: number;
  /** Gets what ranks show and print, as it comes. */
  readonly onOutput?: (output: Output) => void;
  readonly onSilence?: (text: string) => void;
  /** Ends the job. */
  readonly signal?: AbortSignal;
}

/** A failing program gives a result. @throws Error where a page is not isolated, and has no shared memory. */
export async function runPageJob(job: PageJobOptions): Promise<JobResult> {
  const { ranks: size, transport = "shm", memory = LIMIT, program, script, onSilence, signal } = job;
  return runThreads(pageKit(script), {
    program: {
      url: program.href,
      file: program.pathname.split("/").at(-1) ?? program.href,
      options: job.options ?? {},
      settings: settingsOf(job),
    },
    size,
    transport,
    memory,
    blas: { reason: "a page has none" },
    output: { handOn: (output) => job.onOutput?.(output) },
    onSilence,
    signal,
  });
}
