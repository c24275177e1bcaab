/**
 * Virtual time for ranks that share a thread: it stands still while any of them can do something, and goes on to whatever
 * comes next when none can: a message that arrives over a paced link, or the end of a sleep. Work takes no virtual time; a
 * program says how long its work would take by sleeping for so long.
 */
import type { PacedLinks } from "../core/links.ts";

interface Sleeper {
  readonly due: number;
  readonly rank: number;
  readonly wake: () => void;
}

/** A clock of a local world. */
export class VirtualClock {
  #now = 0;
  /** Ordered by the time at which they wake; of equal times, who slept first. */
  readonly #sleepers: Sleeper[] = [];
  #slept: () => void = () => {};

  /** Milliseconds since the job began. */
  readonly now = (): number => this.#now;

  /** Calls back whenever a rank has gone to sleep: nobody may be awake then. */
  whenSlept(callback: () => void): void {
    this.#slept = callback;
  }

  /** Resolves when that many milliseconds have passed. @param rank who sleeps. */
  async sleep(rank: number, ms: number): Promise<void> {
    if (!(ms >= 0) || ms === Infinity) {
      throw new RangeError(`On a virtual clock a rank sleeps for some milliseconds from 0, but got ${ms}.`);
    }
    const due = this.#now + ms;
    await new Promise<void>((wake) => {
      let at = this.#sleepers.length;
      while (at > 0 && this.#sleepers[at - 1].due > due) at--;
      this.#sleepers.splice(at, 0, { due, rank, wake });
      this.#slept();
    });
  }

  /**
   * Goes on to the next thing that happens. @param links of each rank. @returns the ranks that it happens to; none when nothing
   * is to come.
   */
  goOn(links: readonly (PacedLinks | undefined)[]): number[] {
    const dues = links.map((each) => each?.due ?? Infinity);
    const next = Math.min(this.#sleepers[0]?.due ?? Infinity, ...dues);
    if (next === Infinity) return [];
    this.#now = next;
    const ranks = new Set(dues.flatMap((due, rank) => (due <= next ? rank : [])));
    while (this.#sleepers.length > 0 && this.#sleepers[0].due <= next) {
      const { rank, wake } = this.#sleepers.shift() as Sleeper;
      wake();
      ranks.add(rank);
    }
    return [...ranks];
  }
}
