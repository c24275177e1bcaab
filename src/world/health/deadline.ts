/**
 * The job's timeout, as one rank keeps it: nothing that its program waits for may stay
 * without any progress for longer, be it an operation or a call of the store.
 */
import { PatientClock } from "../../platform/patience.ts";
import type { Engine } from "../core/engine.ts";
import type { Failure } from "../core/transport.ts";

/** About how often somebody looks, in milliseconds. */
const TICK = 100;

interface Watched {
  readonly progress: string;
  readonly since: number;
}

export class Deadline {
  readonly #engine: Engine;
  readonly #timeout: number;
  readonly #clock: PatientClock;
  #watched = new Map<object | number, Watched>();

  /** @param timeout milliseconds. */
  constructor(engine: Engine, timeout: number) {
    this.#engine = engine;
    this.#timeout = timeout;
    this.#clock = new PatientClock(engine.now, TICK);
  }

  /** To be called now and then while the rank waits. @returns the failure, once something has waited too long. */
  look(): Failure | undefined {
    const now = this.#clock.now();
    const watched = new Map<object | number, Watched>();
    let late = false;
    const watch = (what: object | number, progress: string): void => {
      const before = this.#watched.get(what);
      const since = before?.progress === progress ? before.since : now;
      watched.set(what, { progress, since });
      if (now - since >= this.#timeout) late = true;
    };
    for (const work of this.#engine.pending()) {
      const peers = work.blocking ? work.blockedOn() : [];
      if (peers.length > 0) watch(work, `${work.progress} ${peers.join()}`);
    }
    for (const { id } of this.#engine.openCalls.report().waits) watch(id, "");
    this.#watched = watched;
    return late ? { kind: "late", by: this.#engine.rank, detail: `${this.#timeout / 1e3} s` } : undefined;
  }
}
