/**
 * Runs a program on the ranks of a job and sees to its end: what the ranks show is handed
 * on as it comes, the first failure is kept, and no thread outlives the job.
 */
import { Worker } from "node:worker_threads";
import { SegmentPool } from "../../device/index.ts";
import { MAX_MEMORY, SharedMemory } from "../../platform/memory.ts";
import { nodePlatform } from "../../platform/node.ts";
import { unknownWord } from "../../platform/words.ts";
import {
  defaultTable,
  type LinkSpeeds,
  MemoryStore,
  ShmLayout,
  StoreSession,
  Tuner,
  type TuningTable,
  takeShmControl,
} from "../../world/index.ts";
import { checkStreams, type StreamMode } from "../define.ts";
import type { Ending } from "../rank.ts";
import type { Shown } from "../show.ts";
import { openedBlas } from "./blas/choice.ts";
import type { Program } from "./compile.ts";
import {
  noRecords,
  type ProgramStart,
  type RankRecords,
  type WorkerMessage,
  type WorkerReply,
  type WorkerStart,
} from "./protocol.ts";
import { launch, type NodeOptions } from "./tcp/launch.ts";
import { workerFile } from "./worker-file.ts";

export const transports = ["shm", "local", "tcp"] as const;
export type TransportName = (typeof transports)[number];

/** Most ranks of a job, by transport. */
export const MAX_RANKS: Readonly<Record<TransportName, number>> = { shm: 128, local: 4096, tcp: 128 };

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
  /** Whether operations and messages are recorded. */
  readonly recorded?: boolean;
  /** How fast links between ranks shall be. */
  readonly link?: LinkSpeeds;
  /** Sends of at most so many bytes complete at once. */
  readonly eager?: number;
  /** Where streams run; as WORLDSIZE_STREAMS says, or inline, if not given. */
  readonly streams?: StreamMode;
  /** Threads that help each rank with large kernels; none if not given. */
  readonly helpers?: number;
  /** What only processes need. */
  readonly processes?: ProcessOptions;
  readonly onShown?: (rank: number, shown: Shown) => void;
  /** Ends the job. */
  readonly signal?: AbortSignal;
}

export interface ProcessOptions {
  /** Milliseconds that a rank may be silent. */
  readonly timeout?: number;
  /** Whether ranks of one host talk over TCP instead of Unix sockets. */
  readonly onlyTcp?: boolean;
  readonly nodes?: NodeOptions;
  /** How often all ranks are started again after a failure. */
  readonly maxRestarts?: number;
  /** The descriptor of the file where a process writes what it prints. */
  readonly output?: (rank: number) => number;
  readonly log?: (line: string) => void;
}

export interface JobResult {
  readonly ok: boolean;
  /** The failure that ended the job: of one rank, or (rank -1) of all together. */
  readonly failure?: { readonly rank: number; readonly message: string; readonly stack: string };
  /** How each rank ended; a rank that was stopped is missing. */
  readonly endings: readonly Ending[];
  /** What each rank recorded. */
  readonly records: readonly RankRecords[];
}

/** After a failure, the other ranks get so long to end by themselves. */
const GRACE = 1200;
/** Milliseconds that a process may be silent if nothing else is said. */
export const DEFAULT_TIMEOUT = 30_000;

/** @throws RangeError for a world size or memory that cannot be; a failing program gives a result instead. */
export async function runJob(job: JobOptions): Promise<JobResult> {
  const { ranks: size, transport = "shm" } = job;
  const streams = job.streams ?? (process.env.WORLDSIZE_STREAMS || "inline");
  checkWords(job, transport, streams);
  if (!Number.isInteger(size) || size < 1 || size > MAX_RANKS[transport]) {
    throw new RangeError(`A ${transport} world has 1 to ${MAX_RANKS[transport]} ranks, but ${size} were asked for.`);
  }
  const program: ProgramStart = {
    url: job.program.url,
    file: job.program.file,
    options: job.options ?? {},
    seed: job.seed ?? 0,
    interleaving: job.interleaving,
    traced: job.traced ?? false,
    recorded: job.recorded ?? false,
    link: job.link,
    eager: job.eager ?? 0,
    streams: streams as StreamMode,
    helpers: job.helpers ?? 0,
  };
  if (transport === "tcp") return new Job(job, size).runProcesses(program);
  const memory = SharedMemory.create(job.memory ?? MAX_MEMORY);
  const pool = new SegmentPool(memory);
  const kernels = await nodePlatform.loadKernels();
  const blas = await openedBlas();
  const control = transport === "shm" ? takeShmControl(pool, size) : undefined;
  const start: Omit<WorkerStart, "rank"> = {
    ...program,
    transport,
    size,
    memory: memory.wasm,
    limit: memory.limit,
    quota: transport === "shm" ? Math.floor(memory.limit / size) : memory.limit,
    kernels,
    control,
    table: job.table,
    env: {},
    blas,
  };
  const layout = control && new ShmLayout(memory, control.layout, size);
  return new Job(job, size).run(start, layout);
}

/** @throws TypeError for a transport, streams or algorithms that do not exist. */
function checkWords({ table }: JobOptions, transport: string, streams: string): void {
  if (!(transports as readonly string[]).includes(transport)) {
    throw new TypeError(`There is no ${unknownWord("transport", transport, transports)}`);
  }
  checkStreams(streams);
  new Tuner(table);
}

class Job {
  readonly #options: JobOptions;
  readonly #size: number;
  readonly #workers: Worker[] = [];
  readonly #memoryStore = new MemoryStore();
  readonly #endings = new Map<number, Ending>();
  readonly #records: RankRecords[];
  #finish: (stopped: boolean) => void = () => {};
  #grace: NodeJS.Timeout | undefined;
  #over = false;

  constructor(options: JobOptions, size: number) {
    this.#options = options;
    this.#size = size;
    this.#records = Array.from({ length: size }, () => noRecords);
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
    this.#memoryStore.close();
    return this.#result();
  }

  /** Runs each rank in a process of its own. */
  async runProcesses(program: ProgramStart): Promise<JobResult> {
    const { memory, processes, signal, table = defaultTable, onShown = () => {} } = this.#options;
    const outcome = await launch({
      ...processes,
      size: this.#size,
      timeout: processes?.timeout ?? DEFAULT_TIMEOUT,
      program,
      table,
      memory,
      signal,
      onShown,
      onGeneration: () => this.#endings.clear(),
      onEnded: (_, { ending, records }) => this.#ended(ending, records),
    });
    clearTimeout(this.#grace);
    const result = this.#result();
    if (result.ok || !outcome || outcome.ok) return result;
    // A rank whose process died tells nothing; the coordinator speaks for it.
    const failure =
      result.failure?.rank === -1 || !result.failure ? { ...outcome, stack: outcome.message } : result.failure;
    return { ...result, failure };
  }

  #start(data: WorkerStart, layout: ShmLayout | undefined): void {
    const worker = new Worker(workerFile(), { workerData: data, name: `rank ${data.rank}` });
    const session = new StoreSession(this.#memoryStore);
    this.#workers.push(worker);
    worker.on("message", (message: WorkerMessage) => {
      if (message.type === "shown") this.#options.onShown?.(message.rank, message.shown);
      else if (message.type === "store") void this.#store(worker, session, message);
      else this.#ended(message.ending, message.records);
    });
    const lost = (reason: string): void => {
      if (this.#over) return;
      // The thread is gone without a word: speak for its ranks.
      const ranks = data.transport === "local" ? Array.from({ length: this.#size }, (_, i) => i) : [data.rank];
      for (const rank of ranks.filter((rank) => !this.#endings.has(rank))) {
        layout?.announceLoss(rank, reason);
        this.#ended({ rank, ok: false, error: { message: reason, stack: reason, echo: false } }, noRecords);
      }
    };
    worker.on("error", (error) => lost(`${error.name}: ${error.message}`));
    worker.on("exit", (code) =>
      lost(`its thread ended by itself with exit code ${code} (process.exit in the program?)`),
    );
  }

  async #store(worker: Worker, session: StoreSession, { id, oldest, call }: Extract<WorkerMessage, { type: "store" }>) {
    const reply = await session.reply(id, oldest, call);
    worker.postMessage({ type: "stored", id, reply } satisfies WorkerReply);
  }

  #ended(ending: Ending, records: RankRecords): void {
    if (this.#endings.has(ending.rank)) return;
    this.#endings.set(ending.rank, ending);
    this.#records[ending.rank] = records;
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
    return { ok, failure, endings, records: this.#records };
  }
}
