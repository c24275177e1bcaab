/**
 * Runs a program on the ranks of a job and sees to its end: what the ranks show is handed
 * on as it comes, the first failure is kept, and no thread outlives the job.
 */
import { Worker } from "node:worker_threads";
import { SegmentPool } from "../../device/index.ts";
import { MAX_MEMORY, SharedMemory } from "../../platform/memory.ts";
import { nodePlatform } from "../../platform/node.ts";
import type { Span } from "../../trace/trace.ts";
import { ShmLayout, type TuningTable, takeShmControl } from "../../world/index.ts";
import type { FlightRecord } from "../../world/recorder.ts";
import type { Ending } from "../rank.ts";
import type { Shown } from "../show.ts";
import type { Program } from "./compile.ts";
import type { WorkerMessage, WorkerStart } from "./protocol.ts";

export const transports = ["shm", "local"] as const;
export type TransportName = (typeof transports)[number];

/** Most ranks of a job, by transport. */
export const MAX_RANKS: Readonly<Record<TransportName, number>> = { shm: 128, local: 4096 };

export interface JobOptions {
  readonly program: Program;
  readonly ranks: number;
  readonly transport?: TransportName;
  readonly options?: Record<string, unknown>;
  readonly table?: TuningTable;
  /** Bytes of device memory for all ranks together. */
  readonly memory?: number;
  readonly seed?: number;
  /** Seeds the turns of a local job; undefined gives them in rank order. */
  readonly interleaving?: number;
  readonly traced?: boolean;
  readonly onShown?: (rank: number, shown: Shown) => void;
  /** Ends the job. */
  readonly signal?: AbortSignal;
}

export interface JobResult {
  readonly ok: boolean;
  /** The failure that ended the job: of one rank, or (rank -1) of all together. */
  readonly failure?: { readonly rank: number; readonly message: string; readonly stack: string };
  /** How each rank ended; a rank that was stopped is missing. */
  readonly endings: readonly Ending[];
  /** Spans of each rank, if traced. */
  readonly spans: readonly (readonly Span[])[];
  /** The flight recorder of each rank, if the job failed. */
  readonly flight: readonly (readonly FlightRecord[])[];
}

/** After a failure, the other ranks get so long to end by themselves. */
const GRACE = 1200;

/** @throws RangeError for a world size or memory that cannot be; a failing program gives a result instead. */
export async function runJob(job: JobOptions): Promise<JobResult> {
  const { ranks: size, transport = "shm" } = job;
  if (!Number.isInteger(size) || size < 1 || size > MAX_RANKS[transport]) {
    throw new RangeError(`A ${transport} world has 1 to ${MAX_RANKS[transport]} ranks, but ${size} were asked for.`);
  }
  const memory = SharedMemory.create(job.memory ?? MAX_MEMORY);
  const pool = new SegmentPool(memory);
  const kernels = await nodePlatform.loadKernels();
  const control = transport === "shm" ? takeShmControl(pool, size) : undefined;
  const start: Omit<WorkerStart, "rank"> = {
    transport,
    size,
    memory: memory.wasm,
    limit: memory.limit,
    quota: transport === "shm" ? Math.floor(memory.limit / size) : memory.limit,
    kernels,
    control,
    table: job.table,
    url: job.program.url,
    file: job.program.file,
    options: job.options ?? {},
    seed: job.seed ?? 0,
    interleaving: job.interleaving,
    traced: job.traced ?? false,
  };
  const layout = control && new ShmLayout(memory, control.layout, size);
  return new Job(job, size).run(start, layout);
}

class Job {
  readonly #options: JobOptions;
  readonly #size: number;
  readonly #workers: Worker[] = [];
  readonly #endings = new Map<number, Ending>();
  readonly #spans: (readonly Span[])[];
  readonly #flight: (readonly FlightRecord[])[];
  #finish!: (stopped: boolean) => void;
  #grace: NodeJS.Timeout | undefined;
  #over = false;

  constructor(options: JobOptions, size: number) {
    this.#options = options;
    this.#size = size;
    this.#spans = Array.from({ length: size }, () => []);
    this.#flight = Array.from({ length: size }, () => []);
  }

  async run(start: Omit<WorkerStart, "rank">, layout: ShmLayout | undefined): Promise<JobResult> {
    const { signal } = this.#options;
    const over = new Promise<boolean>((resolve) => {
      this.#finish = resolve;
    });
    const stop = (): void => this.#finish(true);
    signal?.addEventListener("abort", stop);
    const threads = start.transport === "local" ? 1 : this.#size;
    for (let rank = 0; rank < threads; rank++) this.#start({ ...start, rank }, layout);
    if (signal?.aborted) stop();
    await over;
    this.#over = true;
    clearTimeout(this.#grace);
    signal?.removeEventListener("abort", stop);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    return this.#result();
  }

  #start(data: WorkerStart, layout: ShmLayout | undefined): void {
    const worker = new Worker(workerFile(), { workerData: data, name: `rank ${data.rank}` });
    this.#workers.push(worker);
    worker.on("message", (message: WorkerMessage) => {
      if (message.type === "shown") this.#options.onShown?.(message.rank, message.shown);
      else this.#ended(message.ending, message.spans, message.flight);
    });
    const lost = (reason: string): void => {
      if (this.#over) return;
      // The thread is gone without a word: speak for its ranks.
      const ranks = data.transport === "local" ? Array.from({ length: this.#size }, (_, i) => i) : [data.rank];
      for (const rank of ranks.filter((rank) => !this.#endings.has(rank))) {
        layout?.announceLoss(rank, reason);
        this.#ended({ rank, ok: false, error: { message: reason, stack: reason, echo: false } }, [], []);
      }
    };
    worker.on("error", (error) => lost(`${error.name}: ${error.message}`));
    worker.on("exit", (code) =>
      lost(`its thread ended by itself with exit code ${code} (process.exit in the program?)`),
    );
  }

  #ended(ending: Ending, spans: readonly Span[], flight: readonly FlightRecord[]): void {
    if (this.#endings.has(ending.rank)) return;
    this.#endings.set(ending.rank, ending);
    this.#spans[ending.rank] = spans;
    this.#flight[ending.rank] = flight;
    if (!ending.ok) this.#grace ??= setTimeout(() => this.#finish(true), GRACE);
    if (this.#endings.size === this.#size) this.#finish(false);
  }

  #result(): JobResult {
    const endings = [...this.#endings.values()]; // in the order they came: the first failure is the cause
    const failed = endings.filter((ending) => !ending.ok);
    const origin = failed.find((ending) => !ending.error?.echo) ?? failed[0];
    const ok = endings.length === this.#size && failed.length === 0;
    const failure = origin?.error && {
      rank: origin.error.echo ? -1 : origin.rank,
      message: origin.error.message,
      stack: origin.error.stack,
    };
    return { ok, failure, endings, spans: this.#spans, flight: this.#flight };
  }
}

/** The built worker, seen from dist/ and from src/script/node/. */
function workerFile(): URL {
  const built = import.meta.url.includes("/dist/");
  return new URL(built ? "./worker.js" : "../../../dist/worker.js", import.meta.url);
}
