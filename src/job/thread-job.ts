/** Runs the ranks of a job as threads, or all in one, and sees to their end. */

import { afterPatience } from "../platform/patience.ts";
import { lostRank } from "../script/rank.ts";
import { Recorder } from "../world/core/recorder.ts";
import { MemoryStore, type Outcome, type ShmLayout, StoreSession } from "../world/index.ts";
import { Endings, type JobResult } from "./job-result.ts";
import type { ThreadKit } from "./kit.ts";
import { type Output, Receipts } from "./output.ts";
import { exited, lostEnding, RankThread } from "./rank-thread.ts";
import { noRecords, type RankStart } from "./start.ts";
import { ThreadsWatch } from "./threads-watch.ts";

/** Milliseconds that the other ranks get to end by themselves after a failure. */
const GRACE = 1200;

/** What all workers of a job are handed alike. */
export type ThreadsStart = Omit<RankStart, "rank" | "records" | "output" | "line">;

/** Who hears that nothing moves, and after how many milliseconds; 0 for never. */
export interface Watching {
  readonly silence: number;
  readonly onSilence: ((text: string) => void) | undefined;
}

/** Where output goes. */
export interface Outlet {
  readonly handOn: (output: Output) => void;
  /** Whether what was handed on has been taken: undefined if so, else what resolves when it has. */
  readonly taken?: () => Promise<unknown> | undefined;
}

export class ThreadJob {
  readonly #kit: ThreadKit;
  readonly #size: number;
  readonly #output: Outlet;
  readonly #threads: RankThread[] = [];
  readonly #store = new MemoryStore();
  readonly #endings: Endings;
  readonly #watching: Watching;
  #watch: ThreadsWatch | undefined;
  /** What ends the job from outside its ranks. */
  #verdict: Outcome | undefined;
  #finish: () => void = () => {};
  /** Calls off the end of the time that ranks have after a failure. */
  #grace: (() => void) | undefined;
  #stopped = false;

  constructor(kit: ThreadKit, size: number, output: Outlet, watching: Watching) {
    this.#kit = kit;
    this.#size = size;
    this.#output = output;
    this.#watching = watching;
    this.#endings = new Endings(size);
  }

  /** @param layout of a job over shared memory, whose ranks are told of a thread that is gone. */
  async run(start: ThreadsStart, layout: ShmLayout | undefined, signal: AbortSignal | undefined): Promise<JobResult> {
    const over = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    const stop = (): void => {
      this.#stopped = true;
      this.#finish();
      for (const thread of this.#threads) void thread.kill();
    };
    signal?.addEventListener("abort", stop);
    const oneThread = start.transport === "local";
    const ranksPerThread = oneThread ? this.#size : 1;
    const records = Array.from(
      { length: this.#size / ranksPerThread },
      () => new SharedArrayBuffer(Recorder.bytes * ranksPerThread),
    );
    const sessions = records.map(() => new StoreSession(this.#store));
    this.#watch = this.#watchOver(start, layout, records, sessions);
    for (const [rank, session] of sessions.entries()) {
      const line = oneThread ? undefined : this.#watch.open(rank);
      this.#threads.push(this.#start({ ...start, rank, records: records[rank], line }, session));
    }
    if (signal?.aborted) stop();
    await over;
    this.#watch.stop();
    this.#grace?.();
    const whole = this.#endings.complete;
    await Promise.all(this.#threads.map((thread) => (whole && !this.#stopped ? thread.leave() : thread.kill())));
    signal?.removeEventListener("abort", stop);
    this.#store.close();
    return this.#endings.result(this.#stopped, this.#verdict);
  }

  /** Looks after the threads from outside them. */
  #watchOver(
    { transport, settings }: ThreadsStart,
    layout: ShmLayout | undefined,
    records: readonly SharedArrayBuffer[],
    sessions: readonly StoreSession[],
  ): ThreadsWatch {
    const { silence, onSilence } = this.#watching;
    const oneThread = transport === "local";
    return new ThreadsWatch({
      size: this.#size,
      shared: oneThread,
      now: () => this.#kit.now(),
      places: Array.from({ length: this.#size }, (_, rank) =>
        oneThread ? { memory: records[0], offset: rank * Recorder.bytes } : { memory: records[rank], offset: 0 },
      ),
      silence: onSilence ? silence : 0,
      onSilence: (text) => onSilence?.(text),
      timeout: settings.timeout,
      ask: () => {
        for (const thread of this.#threads) thread.post({ type: "ask" });
      },
      storeBlocking: () => this.#store.waiting > 0,
      session: (rank) => sessions[rank],
      tell: (rank, message) => layout?.tell(rank, message),
      onLate: (message) => {
        this.#verdict ??= { ok: false, rank: -1, message };
        this.#finish();
      },
    });
  }

  #start(data: Omit<RankStart, "output">, session: StoreSession): RankThread {
    const thread: RankThread = new RankThread(this.#kit, data, {
      onOutput: (output) => {
        this.#watch?.moved();
        this.#output.handOn(output);
        receipts.handedOn(output.cost);
      },
      onStore: ({ id, oldest, call }) => {
        this.#watch?.moved();
        void session.reply(id, oldest, call).then((reply) => thread.post({ type: "stored", id, reply }));
      },
      onDoing: (reports, time) => this.#watch?.heard(reports, time),
      onEnded: (ended) => {
        this.#endings.add(ended);
        this.#watch?.ended(ended.ending.rank, ended.ending.ok);
        this.#look(ended.ending.ok);
      },
      onFailed: (detail) => this.#lost(data, detail, 1),
      onExit: (exitCode) => {
        if (this.#ended(data)) this.#endings.exited(data.rank, exitCode);
        else this.#lost(data, exited(exitCode), exitCode);
      },
    });
    const receipts = new Receipts((bytes) => thread.credit(bytes), this.#output.taken);
    return thread;
  }

  /** Whether the ranks of a thread have ended. */
  #ended({ transport, rank }: Omit<RankStart, "output">): boolean {
    return transport === "local" ? this.#endings.complete : this.#endings.has(rank);
  }

  /** A thread is gone: speak for its ranks. One that had finished before failed after all. */
  #lost(data: Omit<RankStart, "output">, detail: string, exitCode: number): void {
    if (data.transport === "local") {
      const message = `A rank ${detail}. Over local, all ranks share a thread, and end with it.`;
      for (let rank = 0; rank < this.#size; rank++) {
        if (this.#endings.has(rank)) continue;
        this.#endings.add({ ending: lostRank(rank, message, true), exitCode, records: noRecords });
      }
    } else {
      if (!this.#endings.has(data.rank)) this.#watch?.gone(data.rank, detail);
      this.#endings.add(lostEnding(data.rank, detail, exitCode));
    }
    this.#look(false);
  }

  /** Whether the job is over, or will be before long. */
  #look(ok: boolean): void {
    if (!ok) this.#grace ??= afterPatience(GRACE, () => this.#finish());
    if (this.#endings.complete) this.#finish();
  }
}
