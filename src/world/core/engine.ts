/**
 * The engine of one rank: keeps its operations in flight, advances them whenever it is
 * called, and turns a failed job into one error on every one of them. It never blocks by
 * itself; the wait strategy decides how to wait.
 */
import type { Completion, Device } from "../../device/index.ts";
import { captureSite, formatSite } from "../../trace/site.ts";
import { cut } from "../../trace/text.ts";
import { OpenCalls } from "../store/open-calls.ts";
import { type Caller, CallerHere } from "./caller.ts";
import { EagerSends } from "./eager.ts";
import { AbortError, forgotten, JobError } from "./errors.ts";
import type { Journal } from "./journal.ts";
import { pendingOf } from "./pending.ts";
import { pulse } from "./recorder.ts";
import type { Report } from "./report.ts";
import type { Span } from "./span.ts";
import type { Channel, RankState } from "./transport.ts";
import { Unwaited } from "./unwaited.ts";
import { SHORT, type WaitStrategy } from "./wait-strategy.ts";
import type { Keeper, Work } from "./work.ts";

/**
 * Polls that an operation gets before it counts as one that must wait: more time than
 * looking up a call site takes, so that one rank's look-up does not make the others look up theirs.
 */
const BRIEF = 1000;
/** Milliseconds for which a program that never has to wait may keep its event loop from turning. */
const TURN = 5;
/** Most characters of a reason to abort that the other ranks get. */
const REASON = 1500;

export interface EngineOptions {
  /** What operations are carried out over, as far as the engine moves it on. */
  readonly channel: Channel;
  readonly device: Device;
  /** Milliseconds on the clock that all ranks of the job share. */
  readonly now: () => number;
  readonly journal: Journal;
  /** The rank's word that counts moves; of its own if not given. */
  readonly pulse?: Int32Array;
  /** The program, if it is not in this thread. */
  readonly caller?: Caller;
  /** Sends of at most this many bytes complete at once, from a copy. */
  readonly eager?: number;
  /** Makes the rank's way to wait. */
  readonly strategy: (engine: Engine) => WaitStrategy;
}

export class Engine implements Keeper {
  readonly channel: Channel;
  readonly device: Device;
  readonly now: () => number;
  readonly journal: Journal;
  readonly caller: Caller;
  readonly eager: EagerSends;
  readonly strategy: WaitStrategy;
  /** What the program waits for at the store. */
  readonly openCalls: OpenCalls;
  readonly #pulse: Int32Array;
  /** Word of the pulse that counts this engine's moves. */
  readonly #moves: number;
  readonly #unwaited = new Unwaited();
  readonly #active: Work<unknown>[] = [];
  /** The one that gets its first polls, and is not among the active ones yet. */
  #fresh: Work<unknown> | undefined;
  #ended = 0;
  #awaits = 0;
  #turnedAt = 0;
  #waiters = 0;
  #failure: Error | undefined;
  #nothing: Span | undefined;

  constructor({ channel, device, now, journal, pulse: words, caller, eager = 0, strategy }: EngineOptions) {
    this.channel = channel;
    this.device = device;
    this.now = now;
    this.journal = journal;
    this.caller = caller ?? new CallerHere(device);
    this.eager = new EagerSends(eager);
    this.#pulse = words ?? journal.pulse;
    this.#moves = this.caller.elsewhere ? pulse.COMM_MOVES : pulse.MOVES;
    this.strategy = strategy(this);
    this.openCalls = new OpenCalls(this.strategy);
  }

  get rank(): number {
    return this.channel.rank;
  }

  /** Whether the program or a thread is blocked on an operation or on a stream. */
  get blocked(): boolean {
    return this.#waiters > 0 || this.streamsBlocking || this.#active.some(({ done, blocking }) => blocking && !done);
  }

  /** Whether there is a reason to go on: somebody awaits an operation, or relies on all of them making progress. */
  get mustProgress(): boolean {
    return this.#waiters > 0 || (this.caller.elsewhere && this.#active.length > 0);
  }

  get streamsBlocking(): boolean {
    return this.caller.streamsBlocking;
  }

  refuseCapture(): void {
    this.device.refuse("An operation between ranks", "its peers do not replay with this rank.");
  }

  /** How many times anything moved; a still count is a sign of a deadlock. */
  get moves(): number {
    return this.#pulse[this.#moves];
  }

  /** Something has moved besides operations, such as a call of the store. */
  moved(): void {
    this.#pulse[this.#moves]++;
  }

  /** How many await one. */
  get waiters(): number {
    return this.#waiters;
  }

  /** A span of no elements, for operations that carry no data. */
  get nothing(): Span {
    this.#nothing ??= { buffer: this.device.alloc(0, "scratch"), offset: 0, count: 0, dtype: "u8" };
    return this.#nothing;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Issues an operation and gives it a first chance to complete. */
  submit<T>(typed: Work<T>): Work<T> {
    const work = typed as Work<unknown>;
    this.journal.enter(work.operation);
    this.#fresh = work;
    work.advance();
    this.#unwaited.add(work);
    for (let i = Math.min(this.strategy.spins, BRIEF); i > 0 && !work.done; i--) {
      if (!work.advance() && (i & 1) === 0) this.channel.progress(); // shared memory needs no messages
    }
    if (work.done) {
      this.#fresh = undefined;
      return typed;
    }
    this.#active.push(work);
    this.#fresh = undefined;
    this.journal.waits(work.operation);
    this.progress();
    return typed;
  }

  /** Advances everything that can be advanced without waiting. */
  progress(): boolean {
    let moved = this.#failure === undefined && this.channel.progress(); // a failed job's memory may be in use again
    const active = this.#active;
    for (let i = 0; i < active.length; i++) if (!active[i].done && active[i].advance()) moved = true;
    if (this.eager.count > 0 && this.eager.progress()) moved = true;
    if (this.#ended > 0) this.#forgetEnded();
    if (moved) this.moved();
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
    return this.strategy.turn?.();
  }

  /** Polls for a moment, in the hope that `work` completes without a sleep. */
  spin(work: Completion): void {
    for (let i = this.strategy.spins; i > 0 && !work.done; i--) this.progress();
    if (this.strategy.spins > 0) this.pollLinks(work);
  }

  /** Polls for what arrives so soon over a paced link that a timer would be late. @returns whether anything did. */
  pollLinks(work?: Completion): boolean {
    const { links } = this.channel;
    let moved = false;
    while (links && !work?.done) {
      const { wait = SHORT } = links;
      if (wait >= SHORT) break;
      if (this.progress()) moved = true;
      else this.strategy.sleep?.(wait);
    }
    return moved;
  }

  /** Somebody starts to await an operation. */
  await(work?: Work<unknown>): void {
    this.#waiters++;
    this.strategy.start(work);
  }

  /** `count` of those who awaited an operation go on. */
  released(count: number): void {
    this.#waiters -= count;
  }

  /** Operations that have not ended. */
  pending(): Work<unknown>[] {
    return (this.#fresh ? [...this.#active, this.#fresh] : this.#active).filter((work) => !work.done);
  }

  block(work: Work<unknown>): void {
    this.spin(work);
    if (!work.done) this.strategy.block(work);
  }

  ended(work: Work<unknown>): void {
    this.#ended++;
    this.journal.ended(work.operation, work.state === "failed");
    this.caller.ended?.(work);
  }

  waitedFor({ operation }: Work<unknown>): void {
    this.journal.waitedFor(operation);
  }

  /** Tells the others that this rank's program is over. @param error what it threw. */
  leave(state: "finished" | "failed", error?: string): void {
    this.strategy.leave(state, error);
  }

  /** Ends every operation with the report of why the job failed. */
  fail(message: string): void {
    this.#endAll(new JobError(message));
  }

  /** Ends the job because the program says so. @throws AbortError, always. */
  abort(reason: string): never {
    const error = new AbortError(reason);
    const site = formatSite(captureSite());
    this.giveUp(`aborted the job: ${cut(String(reason), REASON)}${site && ` (${site})`}`, error);
    throw error;
  }

  /** Ends the job from this rank: the others hear `message`, and what is in flight here ends with the error. */
  giveUp(message: string, error: Error = new JobError(message)): void {
    this.leave("failed", message);
    this.#endAll(error);
  }

  #endAll(failure: Error): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.caller.failed?.(failure.message);
    for (const work of this.pending()) work.reject(this.#failure);
    this.#active.length = 0;
    this.openCalls.fail(failure);
    this.eager.giveUp();
  }

  /**
   * Ends the rank in good order: everything issued was waited for and has completed.
   * @throws Error naming the operations that nobody waited for.
   */
  async finish(): Promise<void> {
    const forgot = this.#unwaited.operations();
    if (forgot.length > 0) throw forgotten(this.rank, forgot);
    while (this.#active.length > 0) await this.#active[0];
    await this.device.synchronize();
    await this.strategy.drain?.();
    await this.drain();
    if (this.#failure) throw this.#failure;
  }

  /** Waits until the copies of eager sends have been taken. */
  async drain(): Promise<void> {
    if (this.eager.count === 0 || this.#failure) return;
    const drained = this.eager.drained();
    this.await();
    await drained;
    this.released(1);
  }

  /** What this rank is doing, for a diagnosis of the whole job. @param last operations to tell of. */
  report(state: RankState, error = "", last = 32): Report {
    const recent = this.journal.flight(last);
    const pending = [...this.pending().slice(0, 16).map(pendingOf), ...this.eager.pending().slice(0, 16)];
    const { rank, moves, streamsBlocking: streams } = this;
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
