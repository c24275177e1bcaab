/** From what a job asks for to its ranks as threads: takes the memory and the kernels that they share. Node and pages do this alike. */
import { SegmentPool } from "../device/index.ts";
import { SharedMemory } from "../platform/memory.ts";
import { ShmLayout, takeShmControl } from "../world/index.ts";
import type { BlasReport } from "./blas-choice.ts";
import type { JobResult } from "./job-result.ts";
import type { ThreadKit } from "./kit.ts";
import type { ProgramStart } from "./start.ts";
import { type Outlet, ThreadJob, type ThreadsStart } from "./thread-job.ts";

/** What a job of threads asks for. */
export interface ThreadsJob {
  readonly program: ProgramStart;
  readonly size: number;
  /** Threads over shared memory, or all ranks in one thread. */
  readonly transport: "shm" | "local";
  /** Bytes of device memory for all ranks together. */
  readonly memory: number;
  readonly blas: BlasReport;
  readonly output: Outlet;
  readonly onSilence: ((text: string) => void) | undefined;
  /** Ends the job. */
  readonly signal: AbortSignal | undefined;
}

/** A failing program gives a result. @throws RangeError for memory that cannot be had. */
export async function runThreads(kit: ThreadKit, job: ThreadsJob): Promise<JobResult> {
  const { program, size, transport, blas, output, onSilence, signal } = job;
  const memory = SharedMemory.create(job.memory);
  const kernels = await kit.platform.loadKernels();
  const control = transport === "shm" ? takeShmControl(new SegmentPool(memory), size) : undefined;
  const start: ThreadsStart = {
    ...program,
    transport,
    size,
    memory: memory.wasm,
    limit: memory.limit,
    quota: transport === "shm" ? Math.floor(memory.limit / size) : memory.limit,
    kernels,
    control,
    env: {},
    blas,
  };
  const layout = control && new ShmLayout(memory, control.layout, size);
  const { silence } = program.settings;
  return new ThreadJob(kit, size, output, { silence, onSilence }).run(start, layout, signal);
}
