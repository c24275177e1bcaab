/**
 * How a rank that owns its thread waits. In this order, each for longer than the one before:
 *
 *   poll     a peer that runs on another core answers within a microsecond
 *   yield    let another thread have this core, and look again: ranks may outnumber cores, or others use them
 *   sleep    in the thread (Atomics.wait), until a peer rings this rank's bell
 *   idle     in the event loop (Atomics.waitAsync): timers and messages are served meanwhile
 *
 * The first three keep the event loop from turning, so together they last a slice at most, and
 * between two slices it has a turn. While the rank is idle it looks now and then whether the job
 * can still go on.
 *
 * The sleep protocol: raise the flag, read the bell, look once more, sleep unless the bell
 * has moved. A peer changes what it must, then rings if the flag is up. Either the last
 * look sees the change, or the peer sees the flag.
 */
import type { EventLoop } from "../../platform/platform.ts";
import type { Engine } from "../core/engine.ts";
import { SHORT, type WaitStrategy } from "../core/wait-strategy.ts";
import type { Work } from "../core/work.ts";
import type { RankWatch } from "../health/rank-watch.ts";
import type { ShmTransport } from "./shm.ts";
import { ASLEEP, BELL } from "./shm-layout.ts";

/** Milliseconds between two looks at the state of the job while idle. */
const TICK = 100;
/** Milliseconds between two looks of a rank that is woken more often. */
const LOOK = 20;
/** Milliseconds by which a sleep may end late. */
const LATE = 0.12;
/** Milliseconds for which a rank yields before it sleeps: several times what a sleep costs. */
const YIELDING = 0.3;
/** Milliseconds for which it sleeps before its event loop has a turn, and how often before it goes there to wait. */
const SLICE = 1;
const SLICES = 4;
/** Milliseconds without a turn of the event loop while there is always something to do. */
const TURN = 1;
/** The same in a thread that others send messages to. */
const PROMPT_TURN = 0.05;
/** Waits before the way to yield is opened: short programs do without. */
const SEVERAL = 50;

/** What a thread may do while it waits. */
export interface Waiting {
  /** Processors that the job's ranks share; with fewer than ranks, polling is brief. */
  readonly cores: number;
  /** Whether the thread may sleep. */
  readonly mayBlock: boolean;
  readonly loop: EventLoop;
  /** Finds out how to give the core to another thread; undefined where that cannot be done. */
  readonly openYield?: () => (() => void) | undefined;
  /** Whether other threads wait for answers from this one's event loop: it then never sleeps outside it. */
  readonly prompt?: boolean;
}

export class ThreadWait implements WaitStrategy {
  readonly spins: number;
  readonly #engine: Engine;
  readonly #transport: ShmTransport;
  readonly #watch: RankWatch;
  readonly #waiting: Waiting;
  readonly #mayBlock: boolean;
  readonly #bellAt: number;
  #yield: (() => void) | undefined;
  #waits = 0;
  #driving = false;
  /** Slices in a row in which nothing moved. */
  #still = 0;
  /** When the event loop last had a turn. */
  #turnedAt = 0;
  #lookedAt = 0;

  constructor(engine: Engine, transport: ShmTransport, watch: RankWatch, waiting: Waiting) {
    this.#engine = engine;
    this.#transport = transport;
    this.#watch = watch;
    this.#waiting = waiting;
    this.#mayBlock = waiting.mayBlock && !waiting.prompt;
    this.#bellAt = transport.layout.rank(transport.rank) + BELL;
    this.spins = transport.size > waiting.cores ? 20 : 2000;
  }

  start(): void {
    if (this.#driving) return;
    this.#driving = true;
    this.#waiting.loop.afterMicrotasks(this.#slice);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.loop.macrotask(resolve));
  }

  sleep(wait: number): void {
    if (this.#waiting.mayBlock && wait >= 2 * LATE) this.#sleep(wait - LATE);
  }

  look(): void {
    this.#watch.look();
  }

  leave(state: "finished" | "failed", error?: string): void {
    this.#watch.leave(state, error);
    this.#transport.leave(state);
  }

  wake(): void {
    const { words } = this.#transport.layout;
    Atomics.add(words, this.#bellAt, 1);
    Atomics.notify(words, this.#bellAt);
  }

  block(work: Work<unknown>): void {
    while (!work.done) if (!this.#poll() && !this.#yielding()) this.#sleep(this.#patience);
  }

  /** Waits for a slice at most, then lets the continuations of what has moved run, or the event loop have a turn. */
  readonly #slice = (): void => {
    const { loop } = this.#waiting;
    if (!this.#engine.mustProgress) {
      this.#driving = false;
      return;
    }
    if (this.#poll() || this.#yielding() || this.#dozed()) {
      this.#still = 0;
      if (!this.#turnIsDue()) loop.afterMicrotasks(this.#slice);
      else loop.macrotask(this.#slice);
    } else if (this.#mayBlock && ++this.#still < SLICES) loop.macrotask(this.#slice);
    else void this.#idle();
  };

  #turnIsDue(): boolean {
    const now = this.#engine.now();
    if (now - this.#turnedAt < (this.#waiting.prompt ? PROMPT_TURN : TURN)) return false;
    this.#turnedAt = now;
    return true;
  }

  /** Sleeps in the event loop until the bell rings. */
  async #idle(): Promise<void> {
    const bell = this.#prepareSleep();
    if (!this.#engine.progress()) {
      const sleep = Atomics.waitAsync(this.#transport.layout.words, this.#bellAt, bell, this.#patience);
      if (sleep.async) await sleep.value;
    }
    this.#wakeUp();
    this.#waiting.loop.afterMicrotasks(this.#slice);
  }

  /** Polls until something moves, but not for long. */
  #poll(): boolean {
    for (let i = 0; i <= this.spins; i++) if (this.#engine.progress()) return true;
    return this.#engine.pollLinks();
  }

  /** Gives the core away and looks again, for a moment. @returns whether anything moved. */
  #yielding(): boolean {
    if (++this.#waits === SEVERAL) this.#yield = this.#waiting.openYield?.();
    if (!this.#yield) return false;
    const until = this.#engine.now() + YIELDING;
    do {
      this.#yield();
      if (this.#engine.progress()) return true;
    } while (this.#engine.now() < until);
    return false;
  }

  /** Sleeps in the thread for a slice, if it may. @returns whether anything has moved. */
  #dozed(): boolean {
    if (!this.#mayBlock) return false;
    this.#sleep(Math.min(SLICE, this.#patience));
    return this.#engine.progress();
  }

  /** Sleeps in the thread until the bell rings. */
  #sleep(milliseconds: number): void {
    const bell = this.#prepareSleep();
    if (!this.#engine.progress() && this.#waiting.mayBlock) {
      Atomics.wait(this.#transport.layout.words, this.#bellAt, bell, milliseconds);
    }
    this.#wakeUp();
  }

  #prepareSleep(): number {
    const { layout, rank } = this.#transport;
    const at = layout.rank(rank);
    Atomics.store(layout.words, at + ASLEEP, 1);
    return Atomics.load(layout.words, this.#bellAt);
  }

  #wakeUp(): void {
    const { layout, rank, called } = this.#transport;
    Atomics.store(layout.words, layout.rank(rank) + ASLEEP, 0);
    const now = this.#engine.now();
    if (!called && now - this.#lookedAt < LOOK) return;
    this.#lookedAt = now;
    this.#watch.look();
  }

  /** Milliseconds to sleep at most. */
  get #patience(): number {
    const { wait = TICK } = this.#transport.links ?? {};
    return Math.min(TICK, Math.max(0, wait - SHORT)); // the engine lingers for the rest
  }
}
