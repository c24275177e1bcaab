/**
 * A Work is an operation under way. `await work` makes the host wait, `work.wait()` makes
 * the stream wait; one of the two must happen before the operation's buffers are used
 * again or the program ends, or an error says so with the line.
 */
import type { Blockable, Buffer, Completion, Hold } from "../device/index.ts";
import type { Engine } from "./engine.ts";
import { formatOperation, type Operation } from "./operation.ts";
import { formatSite } from "./site.ts";
import type { Request, SharedCollective, Steps } from "./transport.ts";

/** Part of a buffer that an operation uses. */
export interface Use {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly writes: boolean;
}

/** How an operation is carried out: by messages, or over shared memory. */
export type Plan = Steps | SharedCollective;

export class Work<T = void> implements PromiseLike<T>, Blockable {
  readonly operation: Operation;
  readonly issuedAt: number;
  doneAt = 0;
  state: "queued" | "running" | "done" | "failed" = "queued";
  /** Whether somebody awaits or has waited for this. */
  claimed = false;
  /** Whether a thread blocks until this is over. */
  blocking = false;
  /** The collective issued before this one in its group. */
  readonly after: Work<unknown> | undefined;
  readonly #engine: Engine;
  readonly #fence: Completion;
  readonly #begin: () => Plan;
  readonly #finish: () => T;
  readonly #holds: { buffer: Buffer; hold: Hold }[] = [];
  #steps: Steps | undefined;
  #shared: SharedCollective | undefined;
  #pending: Request | readonly Request[] | undefined;
  #value: T | undefined;
  #error: Error | undefined;
  #waiters: (() => void)[] | undefined;

  /**
   * @param begin makes the plan, once the buffers' earlier kernels and `after` are done.
   * @param finish makes the value that `await` gives.
   */
  constructor(
    engine: Engine,
    operation: Operation,
    uses: readonly Use[],
    after: Work<unknown> | undefined,
    begin: () => Plan,
    finish: () => T,
  ) {
    this.#engine = engine;
    this.operation = operation;
    this.after = after;
    this.#begin = begin;
    this.#finish = finish;
    this.issuedAt = engine.now();
    this.#fence = engine.device.stream.record();
    for (const use of uses) {
      use.buffer.checkHolds(use.start, use.end, use.writes);
      const hold = { ...use, conflict: (action: "read" | "write") => this.#conflict(action) };
      this.#holds.push({ buffer: use.buffer, hold });
    }
    for (const { buffer, hold } of this.#holds) buffer.holds.push(hold);
  }

  /** Whether the operation has ended, well or badly. */
  get done(): boolean {
    return this.state === "done" || this.state === "failed";
  }

  /** Promise interface: `await work` resolves to the operation's output. */
  // biome-ignore lint/suspicious/noThenProperty: a Work is awaited
  then<A = T, B = never>(
    onDone?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#claim();
    if (!this.done) this.#engine.spin(this);
    if (this.done) return this.#settled().then(onDone, onError);
    const waiting = new Promise<void>((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push(resolve);
    });
    this.#engine.await();
    return waiting.then(() => this.#settled()).then(onDone, onError);
  }

  /** The stream waits: kernels launched after this call run after the operation. */
  wait(): void {
    this.#claim();
    this.#engine.device.stream.waitFor(this);
    this.#dropHolds();
  }

  /** Blocks the thread until the operation has ended. For streams. */
  block(): void {
    this.#engine.block(this as Work<unknown>);
    if (this.#error) throw this.#error;
  }

  /** Whether a host cannot go on before this is over. */
  get awaited(): boolean {
    return this.blocking || this.#waiters !== undefined || (this.claimed && this.#engine.device.stream.awaited);
  }

  /** Does what can be done now. @returns whether anything moved. */
  advance(): boolean {
    if (this.state === "queued") {
      if (!this.#fence.done || (this.after && !this.after.done)) return false;
      this.state = "running";
      const plan = this.#begin();
      if ("poll" in plan) this.#shared = plan;
      else this.#steps = plan;
      this.#step();
      return true;
    }
    return this.#step();
  }

  /** Ends the operation with an error. */
  reject(error: Error): void {
    if (this.done) return;
    this.#error = error;
    this.#end("failed");
  }

  /** World ranks that must act before this can go on. */
  blockedOn(): readonly number[] {
    if (this.state === "queued") return this.after && !this.after.done ? this.after.blockedOn() : [];
    if (this.#shared) return this.#shared.waitingFor();
    const pending = this.#pending;
    if (!pending) return [];
    return (Array.isArray(pending) ? (pending as Request[]) : [pending as Request])
      .filter((request) => !request.done)
      .map((request) => request.peer);
  }

  #step(): boolean {
    if (this.#shared) {
      if (!this.#shared.poll()) return false;
      this.#end("done");
      return true;
    }
    let moved = false;
    for (;;) {
      if (this.#pending && !isDone(this.#pending)) return moved;
      moved = true;
      const next = (this.#steps as Steps).next();
      if (next.done) {
        this.#end("done");
        return true;
      }
      this.#pending = next.value;
    }
  }

  #end(state: "done" | "failed"): void {
    this.state = state;
    this.doneAt = this.#engine.now();
    if (state === "done") this.#value = this.#finish();
    if (this.claimed) this.#dropHolds();
    this.#engine.ended(this as Work<unknown>);
    const waiters = this.#waiters;
    if (!waiters) return;
    this.#waiters = undefined;
    this.#engine.released(waiters.length);
    for (const resolve of waiters) resolve();
  }

  #claim(): void {
    if (this.claimed) return;
    this.claimed = true;
    this.#engine.claimed(this as Work<unknown>);
    if (this.done) this.#dropHolds();
  }

  #dropHolds(): void {
    for (const { buffer, hold } of this.#holds) {
      const at = buffer.holds.indexOf(hold);
      if (at >= 0) buffer.holds.splice(at, 1);
    }
    this.#holds.length = 0;
  }

  #settled(): Promise<T> {
    return this.#error ? Promise.reject(this.#error) : Promise.resolve(this.#value as T);
  }

  #conflict(action: "read" | "write"): never {
    const site = formatSite(this.operation.site);
    throw new Error(
      `rank ${this.#engine.rank} ${action === "write" ? "writes to" : "reads"} a buffer that ` +
        `${formatOperation(this.operation)}${site ? ` (${site})` : ""} is using: that operation was neither awaited nor ` +
        "waited for. `await` it first, or let the stream wait with .wait().",
    );
  }
}

function isDone(pending: Request | readonly Request[]): boolean {
  if (!Array.isArray(pending)) return (pending as Request).done;
  for (const request of pending as readonly Request[]) if (!request.done) return false;
  return true;
}
