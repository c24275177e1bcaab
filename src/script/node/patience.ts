/** How long something has been silent, counting only time in which this thread could have heard it. */

/** Milliseconds between two looks, at most; a longer pause was this thread's or the machine's own. */
const PAUSE = 250;

export class Patience {
  #heard = performance.now();
  #looked = this.#heard;

  /** It has said something, or is about to be listened to. */
  heard(): void {
    this.#heard = performance.now();
    this.#looked = this.#heard;
  }

  /** Milliseconds of silence. Ask often while waiting. */
  look(): number {
    const now = performance.now();
    if (now - this.#looked > PAUSE) this.#heard = now;
    this.#looked = now;
    return now - this.#heard;
  }
}
