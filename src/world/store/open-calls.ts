/**
 * The calls of the store that one rank has made and that are not answered yet: by them a
 * report says who waits for which key, and when the job fails those who wait hear of it.
 */
import { formatSite, type Site } from "../../trace/site.ts";
import { aboutCall, type StoreCall } from "./calls.ts";

/** A call that waits for what another rank has yet to do. */
export interface StoreWait {
  /** Number of the call among those of its rank, from 1. */
  readonly id: number;
  /** `key "x"`, `barrier "b" of 3` */
  readonly about: string;
  readonly site: string;
  /** Whether it ends by itself, because the program has given it a timeout. */
  readonly ends: boolean;
}

/** What a rank does at the store. */
export interface StoreReport {
  readonly waits: readonly StoreWait[];
  /** Number of its last call. */
  readonly asked: number;
  /** Whether nothing outside the job, such as a timer, can make its program go on; absent where nobody knows. */
  readonly idle?: boolean;
}

interface Open {
  readonly call: StoreCall;
  readonly site: Site;
  readonly ends: boolean;
  reject(error: Error): void;
}

/** Milliseconds between two looks at the job while a program waits for the store. */
const TICK = 100;

/** Who has to know that a program waits for the store. */
export interface StoreWaiter {
  /** Looks whether the job goes on, now and then while the program waits. */
  look?(): void;
  /** A wait has begun or ended. */
  storeChanged?(): void;
}

export class OpenCalls {
  readonly #waiter: StoreWaiter;
  readonly #open = new Map<number, Open>();
  #asked = 0;
  /** Of a program in another thread. */
  #mirrored: StoreReport | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(waiter: StoreWaiter = {}) {
    this.#waiter = waiter;
  }

  /** A call leaves. @returns its number. */
  ask(): number {
    return ++this.#asked;
  }

  /** A call waits. */
  begin(id: number, open: Open): void {
    this.#open.set(id, open);
    this.#changed();
  }

  /** A call is answered. */
  end(id: number): void {
    if (this.#open.delete(id)) this.#changed();
  }

  /** What a program in another thread does at the store. */
  mirror(report: StoreReport): void {
    this.#mirrored = report;
    this.#changed();
  }

  /** How many calls wait. */
  get waiting(): number {
    return this.#mirrored?.waits.length ?? this.#open.size;
  }

  report(): StoreReport {
    if (this.#mirrored) return this.#mirrored;
    const waits = [...this.#open].slice(0, 16).map(([id, { call, site, ends }]) => ({
      id,
      about: aboutCall(call),
      site: formatSite(site),
      ends,
    }));
    return { waits, asked: this.#asked };
  }

  /** The job has failed: nobody waits any longer. */
  fail(error: Error): void {
    const waiting = [...this.#open.values()];
    this.forget();
    for (const { reject } of waiting) reject(error);
  }

  /** The program is over, and what it did not await does not matter. */
  forget(): void {
    if (this.#open.size === 0) return;
    this.#open.clear();
    this.#changed();
  }

  #changed(): void {
    this.#waiter.storeChanged?.();
    if (this.waiting === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else if (this.#waiter.look && this.#timer === undefined) {
      this.#timer = setInterval(() => this.#waiter.look?.(), TICK);
      (this.#timer as { unref?(): void }).unref?.(); // it must not keep a thread alive
    }
  }
}
