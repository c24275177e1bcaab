/**
 * How a rank with wires waits: it polls them for a moment, then goes back to its event
 * loop, which wakes it when bytes arrive. A thread that must block polls on, with naps.
 */

import type { Engine } from "../core/engine.ts";
import { SHORT, type WaitStrategy } from "../core/wait-strategy.ts";
import type { Work } from "../core/work.ts";
import type { RankWatch } from "../health/rank-watch.ts";
import type { IoThread } from "./io-thread.ts";
import type { TcpTransport } from "./tcp.ts";

/** Milliseconds between two looks at the state of the job while idle. */
const TICK = 100;
/** Milliseconds of a nap in a thread that blocks: the first and the longest. */
const NAP = 0.05;
const LONG_NAP = 1;

export class TcpWait implements WaitStrategy {
  readonly spins: number;
  readonly #engine: Engine;
  readonly #transport: TcpTransport;
  readonly #watch: RankWatch;
  readonly #bed = new Int32Array(new SharedArrayBuffer(4));
  readonly #wake = (): void => this.#turn();
  #ticking: ReturnType<typeof setInterval> | undefined;
  #due: ReturnType<typeof setTimeout> | undefined;
  #turning = false;

  /** @param crowded whether ranks of this host outnumber its cores: polling then takes time from the others. */
  constructor(engine: Engine, transport: TcpTransport, watch: RankWatch, io: IoThread, crowded: boolean) {
    this.#engine = engine;
    this.#transport = transport;
    this.#watch = watch;
    this.spins = crowded ? 0 : 40;
    io.watch(this.#wake);
  }

  start(): void {
    if (this.#ticking === undefined) {
      this.#ticking = setInterval(() => this.#tick(), TICK);
      (this.#ticking as { unref?(): void }).unref?.(); // it must not keep a thread alive
    }
    this.#arm();
  }

  look(): void {
    this.#watch.look();
  }

  leave(state: "finished" | "failed", error?: string): void {
    this.#watch.leave(state, error);
  }

  wake(): void {
    this.#turn();
  }

  block(work: Work<unknown>): void {
    let nap = NAP;
    let looked = this.#engine.now();
    while (!work.done) {
      if (this.#poll()) {
        nap = NAP;
        continue;
      }
      this.#transport.handOver();
      const wait = this.#transport.links?.wait ?? LONG_NAP;
      Atomics.wait(this.#bed, 0, 0, Math.min(nap, wait));
      nap = Math.min(2 * nap, LONG_NAP);
      if (this.#engine.now() - looked < TICK) continue;
      looked = this.#engine.now();
      this.#watch.look();
    }
  }

  /** Something has come while the event loop waited. */
  #turn(): void {
    if (this.#turning) return; // woken out of the middle of a turn
    this.#turning = true;
    this.#poll();
    this.#turning = false;
    if (this.#engine.mustProgress) this.#arm();
  }

  #tick(): void {
    this.#turn();
    if (this.#engine.mustProgress) this.#watch.look();
    else {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    }
  }

  /** Goes on while anything moves, and a little longer. */
  #poll(): boolean {
    let moved = false;
    const { waiters } = this.#engine;
    // Where cores are scarce, one look: what comes later wakes the event loop again.
    if (this.spins === 0) return this.#engine.progress() || this.#engine.pollLinks();
    for (let idle = 0; idle <= this.spins; idle++) {
      if (!this.#engine.progress()) continue;
      moved = true;
      if (this.#engine.waiters < waiters) break; // somebody can go on: let it
      idle = -1;
    }
    return this.#engine.pollLinks() || moved;
  }

  /** Before the event loop waits: tells it to watch what this rank waits for. */
  #arm(): void {
    this.#transport.sleep(this.#wake);
    const wait = this.#transport.links?.wait;
    if (wait === undefined || this.#due) return;
    this.#due = setTimeout(() => {
      this.#due = undefined;
      this.#turn();
    }, wait - SHORT); // the engine lingers for the rest, because timers come late
  }
}
