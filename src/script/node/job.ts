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
import { Recorder } from "../../world/recorder.ts";
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
import { ThreadsWatch } from "./threads-watch.ts";
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
  /** Milliseconds that a program may wait for anything without any progress; as long as it takes if not given. */
  readonly timeout?: number;
  /** Milliseconds without any move in the whole job after which `onSilence` says who waits for what; 0 for never. */
  readonly silence?: number;
  readonly onSilence?: (text: string) => void;
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
/** Milliseconds without any move that are worth a word if nothing else is said. */
export const DEFAULT_SILENCE = 30_000;

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
    timeout: job.timeout,
  };
  if (transport === "tcp") return new Job(job, size).runProcesses(program);
  const memory = SharedMemory.create(job.memory ?? MAX_MEMORY);
  const pool = new SegmentPool(memory);
  const kernels = await nodePlatform.loadKernels();
  const blas = await openedBlas();
  const control = transport === "shm" ? takeShmControl(pool, size) : undefined;
  const start: ThreadsStart = {
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
/** What all workers of a job are handed alike. */
type ThreadsStart = Omit<WorkerStart, "rank" | "records">;

class Job {
  readonly #options: JobOptions;
  readonly #size: number;
  readonly #workers: Worker[] = [];
  readonly #memoryStore = new MemoryStore();
  readonly #endings = new Map<number, Ending>();
  readonly #records: RankRecords[];
  #watch: ThreadsWatch | undefined;
  /** What ends the job from outside of its ranks. */
  #verdict: JobResult["failure"];
  #finish: (stopped: boolean) => void = () => {};
  #grace: NodeJS.Timeout | undefined;
  #over = false;

  constructor(options: JobOptions, size: number) {
    this.#options = options;
    this.#size = size;
    this.#records = Array.from({ length: size }, () => noRecords);
  }

  async run(start: ThreadsStart, layout: ShmLayout | undefined): Promise<JobResult> {
    const { signal, silence = DEFAULT_SILENCE, onSilence } = this.#options;
    const over = new Promise<boolean>((resolve) => {
      this.#finish = resolve;
    });
    const stop = (): void => this.#finish(true);
    signal?.addEventListener("abort", stop);
    const shared = start.transport === "local";
    const threads = shared ? 1 : this.#size;
    const records = Array.from(
      { length: threads },
      () => new SharedArrayBuffer(Recorder.bytes * (shared ? this.#size : 1)),
    );
    const sessions = records.map(() => new StoreSession(this.#memoryStore));
    this.#watch = new ThreadsWatch({
      size: this.#size,
      shared,
      places: Array.from({ length: this.#size }, (_, rank) =>
        shared ? { memory: records[0], offset: rank * Recorder.bytes } : { memory: records[rank], offset: 0 },
      ),
      silence: onSilence ? silence : 0,
      onSilence: (text) => onSilence?.(text),
      timeout: start.timeout,
      ask: () => {
        for (const worker of this.#workers) worker.postMessage({ type: "ask" } satisfies WorkerReply);
      },
      storeAwaited: () => this.#memoryStore.waiting > 0,
      session: (rank) => sessions[rank],
      onStuck: () => layout?.announceStuck(),
      onLate: (message) => {
        this.#verdict ??= { rank: -1, message, stack: message };
        this.#finish(true);
      },
    });
    for (const [rank, session] of sessions.entries()) {
      this.#start({ ...start, rank, records: records[rank] }, session, layout);
    }
    if (signal?.aborted) stop();
    await over;
    this.#over = true;
    this.#watch.stop();
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
      silence: this.#options.silence ?? DEFAULT_SILENCE,
      onSilence: this.#options.onSilence,
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

  #start(data: WorkerStart, session: StoreSession, layout: ShmLayout | undefined): void {
    const worker = new Worker(workerFile(), { workerData: data, name: `rank ${data.rank}` });
    this.#workers.push(worker);
    const moved = (): void => this.#watch?.moved();
    worker.stdout.on("data", moved); // what it prints goes its way besides
    worker.stderr.on("data", moved);
    worker.on("message", (message: WorkerMessage) => {
      if (message.type === "doing") {
        this.#watch?.heard(message.reports);
        return;
      }
      moved();
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
    this.#watch?.ended(ending.rank, ending.ok);
    this.#records[ending.rank] = records;
    if (!ending.ok) this.#grace ??= setTimeout(() => this.#finish(true), GRACE);
    if (this.#endings.size === this.#size) this.#finish(false);
  }

  #result(): JobResult {
    const endings = [...this.#endings.values()]; // in the order they came: the first failure is the cause
    const failed = endings.filter((ending) => !ending.ok);
    const origin = failed.find((ending) => !ending.error?.echo) ?? failed[0];
    const ok = endings.length === this.#size && failed.length === 0;
    const failure = origin?.error
      ? { rank: origin.error.echo ? -1 : origin.rank, message: origin.error.message, stack: origin.error.stack }
      : this.#verdict;
    return { ok, failure, endings, records: this.#records };
  }
}
