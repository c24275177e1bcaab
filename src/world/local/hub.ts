/**
 * The scheduler of a local world: gives turns to ranks that are coroutines of one thread.
 * Nothing happens in parallel, so a deadlock is known exactly the moment nobody can move,
 * and a seed replays the same interleaving and the same delays.
 */
import type { DeferredStream, Device, KernelRuntime } from "../../device/index.ts";
import { mulberry32 } from "../../platform/random.ts";
import type { Engine } from "../core/engine.ts";
import type { Operation } from "../core/operation.ts";
import type { Failure } from "../core/transport.ts";
import type { Deadline } from "../health/deadline.ts";
import { type Report, stuckRanks } from "../health/diagnose.ts";
import { Monitor } from "../health/monitor.ts";
import type { LocalTransport, TurnGiver } from "./local.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Milliseconds that are not worth a timer. */
const SHORT = 1;
/** Milliseconds between two looks at ranks that wait for the store, or that may only wait for so long. */
const TICK = 100;

interface Member {
  readonly transport: LocalTransport;
  readonly engine: Engine;
  /** Its streams are deferred ones. */
  readonly device: Device;
  /** How long its program may wait, if there is a limit. */
  readonly deadline?: Deadline;
}

export interface HubOptions {
  readonly size: number;
  readonly runtime: KernelRuntime;
  /** Runs a step after all pending microtasks. */
  readonly macrotask: (step: () => void) => void;
  /** Seeds order of turns and delays of messages; undefined gives turns in rank order. */
  readonly seed?: number;
  /** Whether nothing outside the job, such as a timer, can make a program go on; where nobody knows, it might. */
  readonly idle?: () => boolean;
  /** Whether ranks have deadlines. */
  readonly timed?: boolean;
  /** Time that goes on when no rank can do anything; the machine's own if not given. */
  readonly clock?: VirtualClock;
}

/** Gives the ranks of a local world their turns, and judges when nobody can move. */
export class LocalHub implements TurnGiver {
  readonly size: number;
  readonly runtime: KernelRuntime;
  readonly #macrotask: HubOptions["macrotask"];
  readonly #random: (() => number) | undefined;
  readonly #members: Member[] = [];
  /** Ranks that may be able to do something. */
  readonly #ready = new Set<number>();
  /** First hash seen at a place of a group's order, and how many members have come. */
  readonly #announced = new Map<string, { hash: number; count: number }>();
  #scheduled = false;
  #nextId = 1;
  readonly #monitor: Monitor;
  #toFail: Failure | undefined;
  readonly #idle: () => boolean;
  /** Looks again, while ranks wait for what does not come by turns. */
  #later: ReturnType<typeof setTimeout> | undefined;
  readonly #timed: boolean;
  readonly #clock: VirtualClock | undefined;
  /** What all ranks had moved when they seemed to be stuck at the store. */
  #seemed = -1;

  constructor(options: HubOptions) {
    this.size = options.size;
    this.runtime = options.runtime;
    this.#macrotask = options.macrotask;
    this.#random = options.seed === undefined ? undefined : mulberry32(options.seed);
    this.#idle = options.idle ?? (() => false);
    this.#timed = options.timed ?? false;
    this.#clock = options.clock;
    this.#clock?.whenSlept(() => this.#schedule());
    this.#monitor = new Monitor({
      size: this.size,
      shared: true,
      now: () => performance.now(),
      tell: (rank, said) => {
        if (said.type === "verdict") this.#members[rank].engine.fail(said.message);
        else this.#monitor.hear(rank, { type: "answer", report: this.#report(this.#members[rank]) });
      },
      ask: () => {}, // nobody waits here without being seen
      reaches: () => true,
      // Streams that waited for what has failed go on, and whoever waits for them.
      onOutcome: () => this.#members.forEach((_, rank) => void this.activate(rank)),
      moved: () => 0,
      storeBlocking: () => false,
    });
  }

  /** Adds the next rank, once its engine and stream exist. */
  join(member: Member): void {
    this.#members[member.transport.rank] = member;
  }

  transportOf(rank: number): LocalTransport {
    return this.#members[rank].transport;
  }

  takeId(): number {
    return this.#nextId++;
  }

  /** Says that a rank may be able to do something. */
  activate(rank: number): void {
    this.#ready.add(rank);
    this.#schedule();
  }

  announce({ group, seq, hash }: Operation, by: number): void {
    const key = `${group.id}:${seq}`;
    const seen = this.#announced.get(key);
    if (!seen) this.#announced.set(key, { hash, count: 1 });
    else if (seen.hash !== hash) this.failNextTurn({ kind: "mismatch", by, detail: "" });
    else if (++seen.count === group.ranks.length) this.#announced.delete(key);
  }

  /** Ends the job at the next turn, when the call that noticed has been recorded. */
  failNextTurn(failure: Failure): void {
    this.#toFail ??= failure;
    this.#schedule();
  }

  /** Ends the job: all ranks get one verdict. */
  fail(failure: Failure): void {
    this.#monitor.fail(failure);
  }

  get #failed(): boolean {
    return this.#monitor.outcome !== undefined;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#macrotask(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  /** Gives turns to the ranks that are ready; with a seed to one of them, else to all in order. */
  #turn(): void {
    if (this.#timed) this.#lookLater();
    if (this.#toFail) this.fail(this.#toFail);
    if (this.#ready.size === 0) {
      if (!this.#failed && !this.#sleepForLinks()) this.#judge();
      return;
    }
    const ready = [...this.#ready].sort((a, b) => a - b);
    const chosen = this.#random ? [ready[Math.floor(this.#random() * ready.length)]] : ready;
    for (const rank of chosen) {
      this.#ready.delete(rank);
      if (this.#give(this.#members[rank])) this.#ready.add(rank);
    }
    this.#schedule();
  }

  /** One turn of one rank. @returns whether it may want another. */
  #give({ transport, engine, device }: Member): boolean {
    // After a failure nothing comes from peers any more; the device works on.
    const delivered = !this.#failed && transport.deliver(this.#random);
    let drained = false;
    for (const stream of device.streams) if ((stream as DeferredStream).drain()) drained = true;
    const moved = engine.progress();
    return delivered || drained || moved || (!this.#failed && transport.hasMail);
  }

  /** Whether something is still on its way over paced links, or a rank sleeps on a virtual clock; the hub looks again then. */
  #sleepForLinks(): boolean {
    if (this.#clock) {
      const ranks = this.#clock.goOn(this.#members.map(({ transport }) => transport.links));
      for (const rank of ranks) this.activate(rank);
      return ranks.length > 0;
    }
    const waits = this.#members.map(({ transport }) => transport.links?.wait ?? Infinity);
    const soonest = Math.min(...waits);
    if (soonest === Infinity) return false;
    const rank = waits.indexOf(soonest);
    if (soonest < SHORT) this.activate(rank);
    else setTimeout(() => this.activate(rank), soonest);
    return true;
  }

  /** Nobody is ready: whoever awaits something that can no longer come is stuck. */
  #judge(): void {
    const atStore = this.#members.some(({ engine }) => engine.openCalls.waiting > 0);
    if (!atStore && !this.#members.some(({ engine }) => engine.blocked)) return;
    const reports = this.#members.map((member) => this.#report(member, 0));
    if (stuckRanks(reports, this.size).length > 0) {
      // What has just been called of the store is answered in a moment: it must be the same twice.
      const moved = this.#members.reduce((sum, { engine }) => sum + engine.moves, 0);
      if (!atStore || moved === this.#seemed) this.fail({ kind: "stuck", by: -1, detail: "" });
      this.#seemed = moved;
    }
    if (atStore) this.#lookLater();
  }

  /** Looks at deadlines, and judges again: a timer of a program may have been the last that could help. */
  #lookLater(): void {
    if (this.#failed || this.#later !== undefined) return;
    this.#later = setTimeout(() => {
      this.#later = undefined;
      for (const { deadline } of this.#members) {
        const late = deadline?.look();
        if (late) this.failNextTurn(late);
      }
      this.#schedule();
    }, TICK);
    (this.#later as { unref?(): void }).unref?.(); // it must not keep a thread alive
  }

  /** @param last operations that it tells of. */
  #report({ engine, transport }: Member, last?: number): Report {
    const report = engine.report(transport.state, transport.error, last);
    return { ...report, store: { ...engine.openCalls.report(), idle: this.#idle() } };
  }
}
