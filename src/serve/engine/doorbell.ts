/** Who waits for something slow hears that somebody has come in the meantime. */

/** Rung by those who come. */
export class Doorbell {
  #rung = false;
  #wake: (() => void) | undefined;

  /** Somebody has come. */
  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Whoever came so far is seen to. */
  answer(): void {
    this.#rung = false;
  }

  /** Waits for something, or until somebody comes; not at all if somebody has come since the last answer. */
  async waitFor(something: Promise<void>): Promise<void> {
    if (this.#rung) return;
    const rung = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([something, rung]);
    this.#wake = undefined;
  }
}
