/**
 * The engine of one rank: keeps its operations in flight, advances them whenever it is
 * called, and turns a failed job into one error on every one of them. It never blocks by
 * itself; the driver that the transport brings decides how to wait.
 */
import type { Completion, Device } from "../device/index.ts";
import { captureSite, formatSite, type Site } from "../trace/site.ts";
import { cut } from "../trace/text.ts";
import type { Tracer } from "../trace/trace.ts";
import type { Report } from "./diagnose.ts";
import { type Driver, type EngineOptions, type Served, SHORT } from "./driver.ts";
import { EagerSends } from "./eager.ts";
import { AbortError, forgotten, JobError } from "./errors.ts";
import { formatOperation, type Span } from "./operation.ts";
import { pendingOf } from "./pending.ts";
import { pulse, pulseAt, Recorder } from "./recorder.ts";
import { OpenCalls } from "./store/open-calls.ts";
import type { Traffic } from "./traffic.ts";
import type { RankState, Transport } from "./transport.ts";
import type { Work } from "./work.ts";

/** Call sites are always captured for a rank's first operations, later only when it must wait. */
const ALWAYS_SITED = 1000;
/**
 * Polls that an operation gets before it counts as one that must wait: more time than
 * looking up a call site takes, lest one rank's look-up make the others look up theirs.
 */
const BRIEF = 1000;

/** Milliseconds for which a program that never has to wait may keep its event loop from turning. */
const TURN = 5;
/** Most characters of a reason to abort that the other ranks get. */
const REASON = 1500;

const past: Completion = { done: true };

export class Engine {
  readonly transport: Transport;
  readonly device: Device;
  readonly now: () => number;
  readonly recorder: Recorder;
  /** What the program waits for at the store. */
  readonly openCalls = new OpenCalls();
  readonly eager: EagerSends;
  readonly traffic: Traffic | undefined;
  readonly nodes: readonly number[];
  /** Set once by whoever builds the rank: how it waits, and how it tells the others that it is over. */
  driver!: Driver;
  leave!: (state: "finished" | "failed", error?: string) => void;
  readonly #pulse: Int32Array;
  /** Word of the pulse that counts this engine's moves. */
  readonly #moves: number;
  readonly #tracer: Tracer | undefined;
  readonly #served: Served | undefined;
  /** Operations that nobody has waited for yet: a list linked through the works. */
  #unclaimed: Work<unknown> | undefined;
  readonly #active: Work<unknown>[] = [];
  /** The one that gets its first polls, and is not among the active ones yet. */
  #fresh: Work<unknown> | undefined;
  #ended = 0;
  #lastTime = 0;
  #awaits = 0;
  #turnedAt = 0;
  #waiting = 0;
  #failure: Error | undefined;
  #nothing: Span | undefined;
  /** Called when the last copy of an eager send has been taken, while the rank waits to end. */
  #drained: (() => void) | undefined;

  constructor(options: EngineOptions) {
    this.transport = options.transport;
    this.device = options.device;
    this.now = options.now;
    this.#tracer = options.tracer;
    this.traffic = options.traffic;
    this.#served = options.served;
    this.nodes = options.nodes ?? [];
    const { served, place } = options;
    this.recorder = new Recorder(served ? undefined : place); // a program's operations are recorded in its own thread
    this.#pulse = served && place ? pulseAt(place) : this.recorder.pulse;
    this.#moves = served ? pulse.COMM_MOVES : pulse.MOVES;
    this.eager = new EagerSends(options.eager ?? 0);
  }

  get rank(): number {
    return this.transport.rank;
  }

  /** Whether anybody awaits an operation. */
  get awaited(): boolean {
    return this.#waiting > 0;
  }

  /** Whether there is a reason to go on: somebody awaits an operation, or relies on all of them making progress. */
  get driven(): boolean {
    return this.#waiting > 0 || (this.#served !== undefined && this.#active.length > 0);
  }

  /** Whether a host waits for one of its streams. */
  get streamsAwaited(): boolean {
    return this.#served ? this.#served.streamsAwaited : this.device.awaited;
  }

  /** Whether the program is in another thread, and tensors are places in its memory. */
  get serves(): boolean {
    return this.#served !== undefined;
  }

  /** @throws CaptureError while the program captures a graph. */
  refuseCapture(): void {
    this.device.refuse("An operation between ranks", "its peers do not replay with this rank.");
  }

  /** What an operation that is issued now has to wait for. */
  fence(): Completion {
    if (this.#served) return this.#served.fence;
    return this.transport.remote ? past : this.device.stream.record();
  }

  /** How many times anything moved; a still count is a sign of a deadlock. */
  get moves(): number {
    return this.#pulse[this.#moves];
  }

  set moves(count: number) {
    this.#pulse[this.#moves] = count;
  }

  /** How many await one. */
  get waiting(): number {
    return this.#waiting;
  }

  /** A span of no elements, for operations that carry no data. */
  get nothing(): Span {
    this.#nothing ??= { buffer: this.device.alloc(0, "scratch"), offset: 0, count: 0, dtype: "u8" };
    return this.#nothing;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Issues an operation and gives it a first chance to complete. It is in the flight recorder
   * before it begins, so that its end, and any report, finds it there; its call site is
   * looked up only if it then has to wait, because that costs as much as the operation.
   */
  submit<T>(typed: Work<T>): Work<T> {
    const work = typed as Work<unknown>;
    const early = this.recorder.count < ALWAYS_SITED || this.#tracer !== undefined;
    if (early) this.#locate(work);
    this.traffic?.operation("issue", work.operation);
    work.record = this.recorder.add(work.operation, this.#lastTime);
    work.advance();
    work.nextUnclaimed = this.#unclaimed;
    if (this.#unclaimed) this.#unclaimed.previousUnclaimed = work;
    this.#unclaimed = work;
    this.#fresh = work;
    for (let i = Math.min(this.driver.spins, BRIEF); i > 0 && !work.done; i--) {
      if (!work.advance() && (i & 1) === 0) this.transport.progress(); // shared memory needs no messages
    }
    if (work.done) {
      this.#fresh = undefined;
      return typed;
    }
    this.#active.push(work);
    this.#fresh = undefined;
    if (!early) this.#locate(work);
    this.recorder.locate(work.record, this.#lastTime, work.operation.site);
    this.progress();
    return typed;
  }

  /** Advances everything that can be advanced without waiting. */
  progress(): boolean {
    let moved = this.#failure === undefined && this.transport.progress(); // a failed job's memory may be in use again
    const active = this.#active;
    for (let i = 0; i < active.length; i++) if (!active[i].done && active[i].advance()) moved = true;
    if (this.eager.count > 0 && this.eager.progress()) moved = true;
    if (this.#drained && this.eager.count === 0) this.#drained();
    if (this.#ended > 0) this.#forgetEnded();
    if (moved) this.moves++;
    return moved;
  }

  /**
   * A program whose operations are all done when it awaits them would never let its event loop turn, and
   * no timer or message would come through: now and then it has to wait for a turn.
   */
  turn(): Promise<void> | undefined {
    if ((++this.#awaits & 63) !== 0) return undefined;
    const now = this.now();
    if (now - this.#turnedAt < TURN) return undefined;
    this.#turnedAt = now;
    return this.driver.turn?.();
  }

  /** Polls for a moment, in the hope that `work` completes without a sleep. */
  spin(work: Completion): void {
    for (let i = this.driver.spins; i > 0 && !work.done; i--) this.progress();
    if (this.driver.spins > 0) this.linger(work);
  }

  /** Polls for what arrives so soon over a paced link that a timer would be late. @returns whether anything did. */
  linger(work?: Completion): boolean {
    const { links } = this.transport;
    let moved = false;
    while (links && !work?.done) {
      const { wait = SHORT } = links;
      if (wait >= SHORT) break;
      if (this.progress()) moved = true;
      else this.driver.nap?.(wait);
    }
    return moved;
  }

  /** Somebody starts to await an operation. */
  await(work?: Work<unknown>): void {
    this.#waiting++;
    this.driver.park(work);
  }

  /** So many who awaited an operation go on. */
  released(count: number): void {
    this.#waiting -= count;
  }

  /** Operations that have not ended. */
  pending(): Work<unknown>[] {
    const all = this.#fresh ? [...this.#active, this.#fresh] : this.#active;
    return all.filter((work) => !work.done);
  }

  block(work: Work<unknown>): void {
    this.spin(work);
    if (!work.done) this.driver.block(work);
  }

  /** Remembers when and where an operation was issued. */
  #locate(work: Work<unknown>): void {
    this.#lastTime = this.now();
    work.issuedAt = this.#lastTime;
    work.operation.site = this.#served ? this.#served.site : captureSite();
  }

  /** The line of an operation has become known. */
  relocate(work: Work<unknown>, site: Site): void {
    work.operation.site = site;
    this.recorder.locate(work.record, work.issuedAt, site);
  }

  /** A work tells that it is over. */
  ended(work: Work<unknown>): void {
    this.#ended++;
    this.recorder.end(work.record, work.state === "failed");
    if (work.state === "done") this.traffic?.operation("end", work.operation);
    this.#served?.ended(work);
    if (!this.#tracer) return;
    const { operation, issuedAt } = work;
    const name = formatOperation(operation);
    this.#tracer.add("comm", operation.kind, issuedAt, this.now(), { operation: name, group: operation.group.name });
  }

  /** Somebody awaits this, or has waited for it. */
  claimed(work: Work<unknown>): void {
    this.traffic?.operation("await", work.operation);
    this.transport.remote?.claimed(work.plan);
    const { nextUnclaimed: next, previousUnclaimed: previous } = work;
    if (next) next.previousUnclaimed = previous;
    if (previous) previous.nextUnclaimed = next;
    else this.#unclaimed = next;
    work.nextUnclaimed = undefined;
    work.previousUnclaimed = undefined;
  }

  /** Ends every operation with the report of why the job failed. */
  fail(message: string): void {
    this.#endAll(new JobError(message));
  }

  /** Ends the job because the program says so. @throws AbortError, always. */
  abort(reason: string): never {
    const error = new AbortError(reason);
    const site = formatSite(captureSite());
    this.leave("failed", `aborted the job: ${cut(String(reason), REASON)}${site && ` (${site})`}`);
    this.#endAll(error);
    throw error;
  }

  #endAll(failure: Error): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#served?.failed(failure.message);
    for (const work of this.pending()) work.reject(this.#failure);
    this.#active.length = 0;
    this.openCalls.fail(failure);
    this.#drained?.();
  }

  /**
   * Ends the rank in good order: everything issued was claimed and has completed.
   * @throws Error naming the operations that nobody waited for.
   */
  async finish(): Promise<void> {
    if (this.#unclaimed) throw forgotten(this.rank, this.#unclaimed);
    while (this.#active.length > 0) await this.#active[0];
    await this.device.synchronize();
    await this.transport.remote?.drain();
    await this.drain();
    if (this.#failure) throw this.#failure;
  }

  /** Waits until the copies of eager sends have been taken. */
  async drain(): Promise<void> {
    if (this.eager.count === 0 || this.#failure) return;
    this.eager.awaited = true;
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    this.await();
    await drained;
    this.#drained = undefined;
    this.released(1);
  }

  /** What this rank is doing, for a diagnosis of the whole job. @param last operations to tell of. */
  report(state: RankState, error = "", last = 32): Report {
    const recent = this.recorder.dump(last);
    const pending = this.pending().slice(0, 16).map(pendingOf);
    pending.push(...this.eager.pending().slice(0, 16));
    const { rank, moves, streamsAwaited: streams } = this;
    return { rank, state, error, pending, recent, moves, streams, store: this.openCalls.report() };
  }

  #forgetEnded(): void {
    this.#ended = 0;
    const active = this.#active;
    let kept = 0;
    for (let i = 0; i < active.length; i++) if (!active[i].done) active[kept++] = active[i];
    active.length = kept;
  }
}
