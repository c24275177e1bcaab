/**
 * Time as patience counts it: it runs only while this thread does. A machine that slept for an
 * hour, or a process that was stopped, has not been waited for that long by anybody, and nobody
 * is late because of it.
 */

/**
 * Longest piece of a wait, in milliseconds. A sleep of the machine, or of the thread, uses up one piece at most,
 * and what has come meanwhile is heard between two pieces, before anybody is late.
 */
const PIECE = 100;

/** A clock that is looked at regularly, and passes over the time in which it was not. */
export class PatientClock {
  readonly #now: () => number;
  readonly #most: number;
  #last: number;
  #elapsed = 0;

  /** @param now milliseconds. @param interval about how often the clock is looked at, in milliseconds. */
  constructor(now: () => number, interval: number) {
    this.#now = now;
    this.#most = 2 * interval;
    this.#last = now();
  }

  /** Milliseconds since the clock was made; between two looks at most twice the interval. */
  now(): number {
    const now = this.#now();
    this.#elapsed += Math.min(Math.max(0, now - this.#last), this.#most);
    this.#last = now;
    return this.#elapsed;
  }
}

/** Milliseconds between two looks at somebody's silence, about. */
const LOOK = 125;

/** How long somebody has been silent. */
export class Silence {
  readonly #clock = new PatientClock(() => performance.now(), LOOK);
  #heard = 0;

  /** They have said something, or are about to be listened to. */
  heard(): void {
    this.#heard = this.#clock.now();
  }

  /** Milliseconds. Ask often while waiting. */
  look(): number {
    return this.#clock.now() - this.#heard;
  }
}

/**
 * Calls back after `milliseconds` in which this thread could run. Any number will do, also
 * more than a timer takes; from 2^53 - 1 on it never does. @returns how to call it off.
 */
export function afterPatience(milliseconds: number, late: () => void): () => void {
  let left = milliseconds;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const next = (): void => {
    const piece = Math.min(left, PIECE);
    left -= piece;
    timer = setTimeout(() => (left > 0 ? next() : late()), piece);
  };
  if (left < Number.MAX_SAFE_INTEGER) next();
  return () => clearTimeout(timer);
}
