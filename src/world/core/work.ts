/**
 * A Work is an operation in flight. `await work` makes the host wait, `work.wait()` makes
 * the stream wait; one of the two must happen before the operation's buffers are used
 * again or the program ends, or an error says so with the line.
 */
import type { Blockable, Buffer, Completion, Device } from "../../device/index.ts";
import { conflictWords } from "./conflict.ts";
import { hold, letGo } from "./hold.ts";
import type { Operation } from "./operation.ts";
import { allDone, type Plan, type Planner, type Task } from "./plan.ts";
import type { Request, SharedCollective, Steps } from "./transport.ts";

/** What a Work needs of its rank: the engine. */
export interface Keeper {
  readonly rank: number;
  readonly device: Device;
  /** Whether the host is blocked on one of the rank's streams. */
  readonly streamsBlocking: boolean;
  /** @throws CaptureError while the program captures a graph. */
  refuseCapture(): void;
  /** Polls for a moment, in the hope that `work` completes without a sleep. */
  spin(work: Completion): void;
  /** Now and then: a turn of the event loop, for a program whose operations are always done. */
  turn(): Promise<void> | undefined;
  /** Somebody starts to await a work. */
  await(work: Work<unknown>): void;
  /** `count` of those who awaited go on. */
  released(count: number): void;
  /** Returns when a work has ended. */
  block(work: Work<unknown>): void;
  /** Somebody awaits a work, or has waited for it. */
  waitedFor(work: Work<unknown>): void;
  /** A work is over. */
  ended(work: Work<unknown>): void;
}

/** How a work is carried out, once begun. Not for programs: it leads to the memory of all ranks. */
let planOf: (work: Work<unknown>) => Plan | undefined;

/** An operation in flight: `await` it, or let the stream wait with `.wait()`. */
export class Work<T = void> implements PromiseLike<T>, Blockable {
  /** What it carries out. */
  readonly operation: Operation;
  #state: "queued" | "running" | "done" | "failed" = "queued";
  #waitedFor = false;
  #inBlock = false;
  #onEnd: (() => void) | undefined;
  /** Buffers that stay until it has ended. */
  #kept: Buffer[] | undefined;
  /** The collective issued before this one in its group, while it is in flight. */
  #collectiveBefore: Work<unknown> | undefined;
  /** The message before this one between the same ranks under the same tag, while it has not begun. */
  #messageBefore: Work<unknown> | undefined;

  static {
    planOf = (work) => work.#shared ?? work.#steps ?? (work.#pending as Request | undefined);
  }

  readonly #keeper: Keeper;
  readonly #fence: Completion;
  readonly #planner: Planner;
  readonly #task: Task<T>;
  #steps: Steps | undefined;
  #shared: SharedCollective | undefined;
  #pending: Request | readonly Request[] | undefined;
  /** Steps of its algorithm that are behind it. */
  #passed = 0;
  #value: T | undefined;
  #error: Error | undefined;
  #waiters: (() => void)[] | undefined;

  /**
   * @param fence what the program has launched on its device so far.
   * @param collectiveBefore has to be over before this begins. @param messageBefore has to have begun.
   * @throws Error when an operation that nobody waited for uses the same memory.
   */
  constructor(
    keeper: Keeper,
    planner: Planner,
    operation: Operation,
    task: Task<T>,
    fence: Completion,
    collectiveBefore?: Work<unknown>,
    messageBefore?: Work<unknown>,
  ) {
    this.#keeper = keeper;
    this.#planner = planner;
    this.operation = operation;
    this.#task = task;
    this.#collectiveBefore = collectiveBefore?.done ? undefined : collectiveBefore;
    this.#messageBefore = messageBefore;
    this.#fence = fence;
    hold(this, task.reads, task.writes);
  }

  /** Whether it has begun, and how it ended. */
  get state(): "queued" | "running" | "done" | "failed" {
    return this.#state;
  }

  /** Whether somebody awaits or has waited for this. */
  get waitedFor(): boolean {
    return this.#waitedFor;
  }

  /** Whether the operation has ended, well or badly. */
  get done(): boolean {
    return this.#state === "done" || this.#state === "failed";
  }

  /** Promise interface: `await work` resolves to the operation's output. */
  // biome-ignore lint/suspicious/noThenProperty: a Work is awaited
  then<A = T, B = never>(
    onDone?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.markWaitedFor();
    if (!this.done) this.#keeper.spin(this);
    if (this.done) {
      const turn = this.#keeper.turn();
      return (turn ? turn.then(() => this.#settled()) : this.#settled()).then(onDone, onError);
    }
    const waiting = new Promise<void>((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push(resolve);
    });
    this.#keeper.await(this as Work<unknown>);
    return waiting.then(() => this.#settled()).then(onDone, onError);
  }

  /** The stream waits: kernels launched after this call run after the operation. */
  wait(): void {
    const { device } = this.#keeper;
    this.#keeper.refuseCapture();
    this.markWaitedFor();
    const { stream } = device;
    stream.waitFor(this);
    if (!this.done) {
      const { reads, writes } = this.#task;
      const passed = stream.record();
      this.#shared?.passed?.(passed);
      for (const { buffer } of [...reads, ...writes]) {
        if (buffer.home !== stream) buffer.recordUse(passed);
        // Whoever waited may free it at once, and it is still read or written where streams run later.
        (this.#kept ??= []).push(buffer.retain());
      }
    }
    this.#letGo();
  }

  /** Blocks the thread until the operation has ended. For streams. */
  block(): void {
    this.#inBlock = true;
    try {
      this.#keeper.block(this as Work<unknown>);
    } finally {
      this.#inBlock = false;
    }
    if (this.#error) throw this.#error;
  }

  flag(): number | undefined {
    return this.#shared?.flag;
  }

  /** What `await` gives, once done. */
  get value(): T | undefined {
    return this.#value;
  }

  /** What has to be done before this begins; undefined once begun. */
  get fence(): Completion | undefined {
    return this.#state === "queued" && !this.#fence.done ? this.#fence : undefined;
  }

  /** Whether a host or a thread is blocked on this. */
  get blocking(): boolean {
    return this.#inBlock || this.#waiters !== undefined || (this.#waitedFor && this.#keeper.streamsBlocking);
  }

  /** Calls back once the operation has ended, well or badly. For a group that is destroyed meanwhile. */
  whenEnded(callback: () => void): void {
    this.#onEnd = callback;
  }

  /** Does what can be done now. @returns whether anything moved. */
  advance(): boolean {
    if (this.done) return false;
    if (this.#state === "queued") {
      if (
        !this.#fence.done ||
        (this.#collectiveBefore && !this.#collectiveBefore.done) ||
        this.#messageBefore?.state === "queued"
      )
        return false;
      this.#collectiveBefore = undefined;
      this.#messageBefore = undefined;
      this.#state = "running";
      const plan = this.#planner.begin(this.#task, this.operation);
      if ("poll" in plan) this.#shared = plan;
      else if ("done" in plan) this.#pending = plan;
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
    if (this.#state === "queued") return (this.#collectiveBefore ?? this.#messageBefore)?.blockedOn() ?? [];
    if (this.#shared) return this.#shared.waitingFor();
    const pending = this.#pending;
    if (!pending) return [];
    return (Array.isArray(pending) ? (pending as Request[]) : [pending as Request])
      .filter((request) => !request.done && !request.matched)
      .map((request) => request.peer);
  }

  /** Grows while the operation goes on. */
  get progress(): number {
    const pending = this.#pending ? ([this.#pending].flat() as readonly Request[]) : [];
    return pending.reduce((sum, { done, progress = 0 }) => sum + progress + (done ? 1 : 0), this.#passed);
  }

  #step(): boolean {
    if (this.#shared) {
      if (!this.#shared.poll()) return false;
      this.#end("done");
      return true;
    }
    let moved = false;
    for (;;) {
      if (this.#pending && !allDone(this.#pending)) return moved;
      moved = true;
      this.#passed++;
      const next = this.#steps?.next();
      if (this.done) return true; // it found what it cannot go on with, and ended the job
      if (!next || next.done) {
        this.#end("done");
        return true;
      }
      this.#pending = next.value;
    }
  }

  #end(state: "done" | "failed"): void {
    this.#state = state;
    if (state === "done") this.#value = this.#task.value ? this.#task.value() : this.#task.output;
    this.#shared?.over?.();
    if (this.#waitedFor) this.#letGo();
    for (const buffer of this.#kept?.splice(0) ?? []) buffer.release();
    this.#keeper.ended(this as Work<unknown>);
    this.#onEnd?.();
    const waiters = this.#waiters;
    if (!waiters) return;
    this.#waiters = undefined;
    this.#keeper.released(waiters.length);
    for (const resolve of waiters) resolve();
  }

  /** Somebody awaits this, or has waited for it. */
  markWaitedFor(): void {
    if (this.#waitedFor) return;
    this.#waitedFor = true;
    this.#keeper.waitedFor(this as Work<unknown>);
    this.#shared?.waitedFor?.();
    if (this.done) this.#letGo();
  }

  #letGo(): void {
    letGo(this, this.#task.reads, this.#task.writes);
  }

  #settled(): Promise<T> {
    return this.#error ? Promise.reject(this.#error) : Promise.resolve(this.#value as T);
  }

  /** Throws the error for memory that is touched while this operation uses it. @param by another operation that would. */
  conflict(action: "read" | "write", by?: unknown): never {
    const other = by instanceof Work ? (by.operation as Operation) : undefined;
    throw new Error(conflictWords(this.#keeper.rank, action, this.operation, this.#waitedFor, other));
  }
}

export { planOf };
