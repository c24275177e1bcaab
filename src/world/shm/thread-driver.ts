/**
 * How a rank that owns its thread waits: it polls for a moment, then sleeps until a peer
 * rings its bell. While it is idle it looks now and then whether the job can still go on.
 *
 * The sleep protocol: raise the flag, read the bell, look once more, sleep unless the bell
 * has moved. A peer changes what it must, then rings if the flag is up. Either the last
 * look sees the change, or the peer sees the flag.
 */

import { type Driver, SHORT } from "../driver.ts";
import type { Engine } from "../engine.ts";
import type { Work } from "../work.ts";
import type { ShmTransport } from "./shm.ts";
import { ASLEEP, BELL, MOVES } from "./shm-layout.ts";
import type { Watchdog } from "./watchdog.ts";

/** Milliseconds between two looks at the state of the job while idle. */
const TICK = 100;
/** Milliseconds by which a sleep may end late. */
const LATE = 0.12;

export class ThreadDriver implements Driver {
  readonly spins: number;
  readonly #engine: Engine;
  readonly #transport: ShmTransport;
  readonly #watchdog: Watchdog;
  readonly #mayBlock: boolean;
  readonly #turn: () => Promise<void>;
  #driving = false;

  /**
   * @param cores processors that the job's ranks share; with fewer than ranks, polling is brief.
   * @param turn lets others of this thread run, between two polls that both moved something.
   */
  constructor(
    engine: Engine,
    transport: ShmTransport,
    watchdog: Watchdog,
    cores: number,
    mayBlock: boolean,
    turn = breathe,
  ) {
    this.#engine = engine;
    this.#transport = transport;
    this.#watchdog = watchdog;
    this.#mayBlock = mayBlock;
    this.#turn = turn;
    this.spins = transport.size <= cores ? 2000 : 20;
  }

  park(): void {
    if (this.#driving) return;
    this.#driving = true;
    void this.#drive();
  }

  nap(wait: number): void {
    if (!this.#mayBlock || wait < 2 * LATE) return;
    const bell = this.#prepareSleep();
    if (!this.#engine.progress()) Atomics.wait(this.#transport.layout.words, this.#bellAt, bell, wait - LATE);
    this.#wakeUp();
  }

  nudge(): void {
    const { words } = this.#transport.layout;
    Atomics.add(words, this.#bellAt, 1);
    Atomics.notify(words, this.#bellAt);
  }

  block(work: Work<unknown>): void {
    work.blocking = true;
    while (!work.done) {
      if (this.#poll()) continue;
      const bell = this.#prepareSleep();
      if (!this.#engine.progress() && !work.done && this.#mayBlock) {
        Atomics.wait(this.#transport.layout.words, this.#bellAt, bell, this.#patience);
      }
      this.#wakeUp();
    }
    work.blocking = false;
  }

  async #drive(): Promise<void> {
    const { words } = this.#transport.layout;
    while (this.#engine.driven) {
      if (this.#poll()) {
        await this.#turn();
        continue;
      }
      const bell = this.#prepareSleep();
      if (!this.#engine.progress()) {
        const sleep = Atomics.waitAsync(words, this.#bellAt, bell, this.#patience);
        if (sleep.async) await sleep.value;
      }
      this.#wakeUp();
    }
    this.#driving = false;
  }

  /** Polls until something moves, but not for long. */
  #poll(): boolean {
    for (let i = 0; i <= this.spins; i++) if (this.#engine.progress()) return true;
    return this.#engine.linger();
  }

  #prepareSleep(): number {
    const { layout, rank } = this.#transport;
    const at = layout.rank(rank);
    Atomics.store(layout.words, at + MOVES, this.#engine.moves);
    Atomics.store(layout.words, at + ASLEEP, 1);
    return Atomics.load(layout.words, this.#bellAt);
  }

  #wakeUp(): void {
    const { layout, rank } = this.#transport;
    Atomics.store(layout.words, layout.rank(rank) + ASLEEP, 0);
    this.#watchdog.look();
  }

  /** Milliseconds to sleep at most. */
  get #patience(): number {
    const { wait = TICK } = this.#transport.links ?? {};
    return Math.min(TICK, Math.max(0, wait - SHORT)); // the engine lingers for the rest
  }

  get #bellAt(): number {
    return this.#transport.layout.rank(this.#transport.rank) + BELL;
  }
}

/** Turns for a thread that others send messages to: now and then those get in, too. */
export function takingTurns(macrotask: (step: () => void) => void): () => Promise<void> {
  let turns = 0;
  return () => (++turns % 8 === 0 ? new Promise<void>((resolve) => macrotask(resolve)) : breathe());
}

/** Lets the continuations of what has just completed run. */
async function breathe(): Promise<void> {
  for (let i = 0; i < 4; i++) await undefined;
}
