/** Telling readers who may throw: it must not stop the others, nor leave the books of pages half written. */

/** Those whose mistakes nobody else can be told of. */
export class Readers {
  readonly #thrown: unknown[] = [];

  /** Tells one of them. What it throws is kept until the books are right. */
  tell(reader: () => void): void {
    try {
      reader();
    } catch (error) {
      this.#thrown.push(error);
    }
  }

  /** @throws what the first of them threw since the last call. */
  throwOn(): void {
    const thrown = this.#thrown.splice(0);
    if (thrown.length > 0) throw thrown[0];
  }
}
