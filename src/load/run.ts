/**
 * All requests of a run. With times it is an open loop: each request is sent at its time, whatever has become of those before, as
 * strangers do. Without, a closed loop: as many as may be in flight are, and one that ends lets the next one begin.
 */
import type { Clock } from "./clock.ts";
import type { Outcome } from "./stamps.ts";

/** What to run. */
export interface LoadOptions {
  /** How many requests. */
  readonly count: number;
  /** When each is sent, in milliseconds from the start and in ascending order. */
  readonly times?: readonly number[];
  /** Most requests in flight; no limit if not given. */
  readonly concurrency?: number;
  /** Sends a request. It must not throw, and must end soon after the signal. */
  readonly send: (index: number) => Promise<Outcome>;
  readonly clock: Clock;
  /** Ends the run: nothing more is sent. */
  readonly signal?: AbortSignal;
  /** Is told how many have been sent, and how many have ended, when either changes. */
  readonly onProgress?: (sent: number, ended: number) => void;
}

/** What has become of a run. */
export interface LoadRun {
  /** Of the requests that were sent, in their order. */
  readonly outcomes: readonly Outcome[];
  /** When it began. */
  readonly start: number;
  /** Milliseconds from the start until the last request had ended. */
  readonly duration: number;
  /** How much later than its time each request of an open loop was taken up, in milliseconds: the generator's own fault. */
  readonly late: readonly number[];
  /** How long each waited here besides, because there were as many in flight as may be. */
  readonly held: readonly number[];
}

/** Runs a load to its end. @throws RangeError for a limit that lets nothing through. */
export async function runLoad(options: LoadOptions): Promise<LoadRun> {
  const { count, times, concurrency = Infinity, send, clock, signal, onProgress } = options;
  if (!(concurrency >= 1)) throw new RangeError(`At least 1 request must be in flight, not ${concurrency}.`);
  const places = new Places(concurrency);
  const outcomes: Promise<Outcome>[] = [];
  const late: number[] = [];
  const held: number[] = [];
  let ended = 0;
  const start = clock.now();
  /** When a request last got a place that it had to wait for. */
  let placed = start;
  for (let i = 0; i < count && !signal?.aborted; i++) {
    const due = start + (times?.[i] ?? 0);
    if (times && clock.now() < due) await clock.until(due, signal);
    // Until the one before had its place, this one could not be taken up.
    const delay = Math.max(0, clock.now() - Math.max(due, placed));
    if (!places.take()) {
      await places.wait(signal);
      placed = clock.now();
    }
    if (signal?.aborted) break;
    if (times) {
      late.push(delay);
      held.push(Math.max(0, placed - due - delay));
    }
    const outcome = send(i).then((each) => {
      ended++;
      places.free();
      onProgress?.(outcomes.length, ended);
      return each;
    });
    outcomes.push(outcome);
    onProgress?.(outcomes.length, ended);
  }
  const all = await Promise.all(outcomes);
  return { outcomes: all, start, duration: clock.now() - start, late, held };
}

/** Places for requests in flight; one waits for a place at a time. */
class Places {
  #free: number;
  #next: (() => void) | undefined;

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a place if there is one. */
  take(): boolean {
    if (this.#free < 1) return false;
    this.#free--;
    return true;
  }

  /** Resolves with a place, or when the signal says so. */
  wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#next = undefined;
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#next = done;
      signal?.addEventListener("abort", done);
    });
  }

  /** A place is free: whoever waits has it. */
  free(): void {
    if (this.#next) this.#next();
    else this.#free++;
  }
}
