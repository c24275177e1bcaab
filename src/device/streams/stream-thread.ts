/**
 * Streams with threads of their own: what a host does to have one, and what the thread
 * does. How a thread is started is the platform's business (a Node worker, a page's worker).
 */
import { SharedMemory } from "../../platform/memory.ts";
import type { KernelModule } from "../../platform/platform.ts";
import { type Span, Tracer } from "../../trace/trace.ts";
import { makeExecutor } from "../executor.ts";
import { SegmentPool } from "../memory/segments.ts";
import { KernelRuntime, type RuntimeExtras } from "../runtime.ts";
import { STREAM_BYTES } from "./command-ring.ts";
import { serveStream } from "./stream-loop.ts";
import { ThreadedStream } from "./threaded-stream.ts";

/** What a stream's thread is handed. */
export interface StreamStart {
  readonly memory: WebAssembly.Memory;
  /** Bytes the memory may grow to. */
  readonly limit: number;
  readonly kernels: KernelModule;
  /** Where the ring lies. */
  readonly address: number;
  /** Owner of the thread's scratch in the pool. */
  readonly owner: number;
  /** Looks at a word before the thread sleeps. */
  readonly spins: number;
  readonly traced: boolean;
  /** The stream's number on its device. */
  readonly number: number;
}

/** A stream's thread, as its host sees it. */
export interface StreamThread {
  /** What it has recorded, as far as it has reported. */
  readonly spans: readonly Span[];
  /** Resolves at its next report. */
  reported(): Promise<void>;
  /** Settles when the thread has ended, after its last report. */
  readonly ended: Promise<void>;
  /** Ends the thread in the middle of whatever it does. */
  kill(): void;
}

/**
 * What a stream's thread does, from its start to its end.
 * @param report sends spans to the host: those since the last time.
 * @param open gives the thread what it has besides our kernels.
 */
export function runStreamThread(
  start: StreamStart,
  now: () => number,
  report: (spans: readonly Span[]) => void,
  open: (pool: SegmentPool) => RuntimeExtras = () => ({}),
): void {
  const memory = new SharedMemory(start.memory, start.limit);
  const pool = new SegmentPool(memory);
  const runtime = new KernelRuntime(start.kernels, pool, start.owner, open(pool));
  const tracer = start.traced ? new Tracer(now) : undefined;
  const tell = (): void => report(tracer?.spans.splice(0) ?? []);
  serveStream(memory, start.address, makeExecutor(runtime, tracer, start.number), start.spins, tell);
  runtime.team?.dismiss();
  tell();
}

export interface ThreadedStreamsOptions {
  readonly pool: SegmentPool;
  readonly kernels: KernelModule;
  /** Owner of rings and scratch in the pool. */
  readonly owner: number;
  readonly spins: number;
  readonly traced?: boolean;
  readonly spawn: (start: StreamStart) => StreamThread;
  /** Position of each stream's first command, for tests. */
  readonly first?: number;
}

/** The threaded streams of one device. */
export class ThreadedStreams {
  readonly #options: ThreadedStreamsOptions;
  readonly #streams: ThreadedStream[] = [];
  readonly #threads: StreamThread[] = [];

  constructor(options: ThreadedStreamsOptions) {
    this.#options = options;
  }

  /** Starts a stream's thread. @throws Error when there is no memory for its ring. */
  readonly make = (number: number): ThreadedStream => {
    const { pool, kernels, owner, spins, traced = false, spawn, first } = this.#options;
    const { memory } = pool;
    const address = pool.needZeroed(owner, STREAM_BYTES, "a stream's commands");
    const stream = new ThreadedStream({ memory, address, number, spins, first });
    const thread = spawn({ memory: memory.wasm, limit: memory.limit, kernels, address, owner, spins, traced, number });
    this.#streams.push(stream);
    thread.ended.then(
      () => stream.lost("it has ended"),
      (error: Error) => stream.lost(error.message),
    );
    this.#threads.push(thread);
    return stream;
  };

  /** What the threads have recorded so far. */
  async spans(): Promise<readonly Span[]> {
    const reports = this.#threads.map((thread) => thread.reported());
    for (const stream of this.#streams) stream.report();
    await Promise.all(reports);
    return this.#threads.flatMap(({ spans }) => spans);
  }

  /** After the device was closed: waits for the threads. @returns what they recorded. */
  async ended(): Promise<readonly Span[]> {
    await Promise.all(this.#threads.map(({ ended }) => ended));
    this.#options.pool.giveAll(this.#options.owner);
    return this.#threads.flatMap(({ spans }) => spans);
  }

  /** Ends the threads at once, whatever they wait for. */
  kill(): void {
    for (const thread of this.#threads) thread.kill();
  }
}
