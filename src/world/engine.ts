/**
 * The engine of one rank: keeps its operations in flight, advances them whenever it is
 * called, and turns a failed job into one error on every one of them. It never blocks by
 * itself; the driver that the transport brings decides how to wait.
 */
import type { Completion, Device } from "../device/index.ts";
import type { Tracer } from "../trace/trace.ts";
import type { Report } from "./diagnose.ts";
import { formatOperation, type Span } from "./operation.ts";
import { Recorder } from "./recorder.ts";
import { captureSite, formatSite } from "./site.ts";
import type { RankState, Transport } from "./transport.ts";
import type { Work } from "./work.ts";

/** An error that every rank of a job gets when the job cannot go on. */
export class JobError extends Error {
  override readonly name = "JobError";
}

/** How a rank waits. */
export interface Driver {
  /** Polls worth making before waiting; 0 when polling cannot help. */
  readonly spins: number;
  /** Sees to it that the engine is advanced until nobody waits for it. */
  park(): void;
  /** Returns once `work` has ended; throws where a thread cannot wait. */
  block(work: Work<unknown>): void;
}

export interface EngineOptions {
  readonly transport: Transport;
  readonly device: Device;
  /** Milliseconds on the clock that all ranks of the job share. */
  readonly now: () => number;
  readonly tracer?: Tracer;
}

/** Call sites are always captured for a rank's first operations, later only when it must wait. */
const ALWAYS_SITED = 1000;

export class Engine {
  readonly transport: Transport;
  readonly device: Device;
  readonly now: () => number;
  readonly recorder = new Recorder();
  /** Set once by whoever builds the rank. */
  driver!: Driver;
  /** How many times anything moved; a still count is a sign of a deadlock. */
  moves = 0;
  readonly #tracer: Tracer | undefined;
  readonly #unclaimed = new Set<Work<unknown>>();
  #active: Work<unknown>[] = [];
  #ended = 0;
  #waiting = 0;
  #failure: JobError | undefined;
  #nothing: Span | undefined;

  constructor(options: EngineOptions) {
    this.transport = options.transport;
    this.device = options.device;
    this.now = options.now;
    this.#tracer = options.tracer;
  }

  get rank(): number {
    return this.transport.rank;
  }

  /** Whether anybody awaits an operation. */
  get awaited(): boolean {
    return this.#waiting > 0;
  }

  /** A span of no elements, for operations that carry no data. */
  get nothing(): Span {
    this.#nothing ??= { buffer: this.device.alloc(0, "scratch"), offset: 0, count: 0, dtype: "u8" };
    return this.#nothing;
  }

  get failure(): JobError | undefined {
    return this.#failure;
  }

  /** Issues an operation and gives it a first chance to complete. */
  submit<T>(work: Work<T>): Work<T> {
    if (this.#failure) throw this.#failure;
    const any = work as Work<unknown>;
    const early = this.recorder.count < ALWAYS_SITED;
    if (early) work.operation.site = captureSite();
    this.recorder.add(any);
    this.#unclaimed.add(any);
    this.#active.push(any);
    this.progress();
    for (let i = Math.min(this.driver.spins, 200); i > 0 && !work.done; i--) this.progress();
    if (!work.done && !early) work.operation.site = captureSite();
    return work;
  }

  /** Advances everything that can be advanced without waiting. */
  progress(): boolean {
    let moved = this.transport.progress();
    const active = this.#active;
    for (let i = 0; i < active.length; i++) if (!active[i].done && active[i].advance()) moved = true;
    if (this.#ended > 0) {
      this.#ended = 0;
      this.#active = active.filter((work) => !work.done);
    }
    if (moved) this.moves++;
    return moved;
  }

  /** Polls for a moment, in the hope that `work` completes without a sleep. */
  spin(work: Completion): void {
    for (let i = this.driver.spins; i > 0 && !work.done; i--) this.progress();
  }

  /** Somebody starts to await an operation. */
  await(): void {
    this.#waiting++;
    this.driver.park();
  }

  /** So many who awaited an operation go on. */
  released(count: number): void {
    this.#waiting -= count;
  }

  /** Operations that have not ended. */
  pending(): Work<unknown>[] {
    return this.#active.filter((work) => !work.done);
  }

  block(work: Work<unknown>): void {
    this.spin(work);
    if (!work.done) this.driver.block(work);
  }

  /** A work tells that it is over. */
  ended(work: Work<unknown>): void {
    this.#ended++;
    const { operation } = work;
    this.#tracer?.add("comm", operation.kind, work.issuedAt, work.doneAt, {
      operation: formatOperation(operation),
      group: operation.group.name,
    });
  }

  claimed(work: Work<unknown>): void {
    this.#unclaimed.delete(work);
  }

  /** Ends every operation with the report of why the job failed. */
  fail(message: string): void {
    if (this.#failure) return;
    this.#failure = new JobError(message);
    for (const work of this.#active) work.reject(this.#failure);
    this.#active = [];
  }

  /**
   * Ends the rank in good order: everything issued was claimed and has completed.
   * @throws Error naming the operations that nobody waited for.
   */
  async finish(): Promise<void> {
    if (this.#unclaimed.size > 0) throw this.#forgotten();
    while (this.#active.length > 0) await this.#active[0];
    if (this.#failure) throw this.#failure;
  }

  /** What this rank is doing, for a diagnosis of the whole job. */
  report(state: RankState, error = ""): Report {
    const recent = [...this.recorder.works()].slice(-32).map(({ operation, ...work }) => ({
      text: formatOperation(operation),
      group: operation.group.name,
      seq: operation.seq,
      hash: operation.hash,
      site: formatSite(operation.site),
      pending: !work.state.startsWith("done"),
    }));
    const pending = this.pending()
      .slice(0, 16)
      .map((work) => ({
        text: formatOperation(work.operation),
        kind: work.operation.kind,
        group: work.operation.group.name,
        seq: work.operation.seq,
        hash: work.operation.hash,
        site: formatSite(work.operation.site),
        peer: work.operation.peer === undefined ? -1 : work.operation.group.ranks[work.operation.peer],
        tag: work.operation.tag ?? 0,
        awaited: work.awaited,
        blockedOn: [...new Set(work.blockedOn())].slice(0, 64),
      }));
    return { rank: this.rank, state, error, pending, recent, moves: this.moves };
  }

  #forgotten(): Error {
    const works = [...this.#unclaimed].slice(0, 3).map(({ operation }) => {
      const site = formatSite(operation.site);
      return formatOperation(operation) + (site ? ` (${site})` : "");
    });
    const more = this.#unclaimed.size > 3 ? ` and ${this.#unclaimed.size - 3} more` : "";
    return new Error(
      `rank ${this.rank} ended without waiting for ${works.join(", ")}${more}. ` +
        "`await` each operation, or let the stream wait with .wait(), before the program ends.",
    );
  }
}
