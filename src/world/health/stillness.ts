/**
 * Notices that nothing moves in a job. Then it has every rank asked what it does, to find out
 * whether those who wait for the store can still go on, and when that has lasted, to say once
 * who waits for what.
 */

/** Milliseconds without any move after which those who wait for the store are asked, and between two rounds. */
const STILL = 500;
const PAUSE = 300;
const LONG_PAUSE = 2000;
/** Milliseconds that a round waits for answers; who computes cannot give any. */
const ROUND = 1000;

export interface StillnessOptions {
  /** Milliseconds, as patience counts them. */
  readonly now: () => number;
  /** Milliseconds without any move that are worth a word; 0 for never. */
  readonly silence: number;
  /** A number that differs whenever something has moved, as far as it is known here. */
  readonly moved: () => number;
  /** Whether anybody waits for the store. */
  readonly storeBlocking: () => boolean;
  /** Asks all ranks what they do. */
  readonly ask: () => void;
  /** All who can have answered: can the job go on? */
  readonly judge: () => void;
  /** All who can have answered: nothing has moved for so long that somebody should know. */
  readonly say: () => void;
}

export class Stillness {
  readonly #options: StillnessOptions;
  #moved = Number.NaN;
  #since = 0;
  #said = false;
  /** When the round in progress began. */
  #round: number | undefined;
  #next = 0;
  #pause = PAUSE;

  constructor(options: StillnessOptions) {
    this.#options = options;
  }

  /** One look; to be called several times in the time of silence. */
  tick(): void {
    const { now, silence, moved, storeBlocking, ask } = this.#options;
    const time = now();
    if (moved() !== this.#moved) {
      this.#moved = moved();
      this.#since = time;
      this.#said = false;
      this.#round = undefined;
      this.#next = time + STILL;
      this.#pause = PAUSE;
    } else if (this.#round !== undefined) {
      if (time - this.#round >= ROUND) this.#conclude(time);
    } else if ((this.#silent(time) && silence > 0) || (storeBlocking() && time >= this.#next)) {
      this.#round = time;
      ask();
    }
  }

  /** Every rank that was asked has answered. */
  answered(): void {
    if (this.#round !== undefined) this.#conclude(this.#options.now());
  }

  #silent(time: number): boolean {
    return !this.#said && time - this.#since >= this.#options.silence;
  }

  #conclude(time: number): void {
    const { silence, moved, judge, say } = this.#options;
    this.#round = undefined;
    if (moved() !== this.#moved) return; // the answers have brought news
    judge();
    this.#next = time + this.#pause;
    this.#pause = Math.min(2 * this.#pause, LONG_PAUSE);
    if (silence === 0 || !this.#silent(time)) return;
    this.#said = true;
    say();
  }
}
