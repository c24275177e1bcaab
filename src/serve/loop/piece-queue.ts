/** Values from one side that is never held up to another that awaits them, one after the other. */

/** A queue that is read by `for await`, once. */
export class PieceQueue<T> implements AsyncIterableIterator<T> {
  readonly #values: T[] = [];
  readonly #onLeave: () => void;
  #wake: (() => void) | undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  /** @param onLeave called when the reader goes before the end. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  /** One more value; none after the end. */
  push(value: T): void {
    if (this.#ended) return;
    this.#values.push(value);
    this.#wake?.();
  }

  /** There are no more. @param failure what the reader gets as an error once all values are read. */
  end(failure?: { readonly error: unknown }): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<T>> {
    while (this.#values.length === 0 && !this.#ended)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#values.length > 0) return { done: false, value: this.#values.shift() as T };
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<T>> {
    this.#values.length = 0;
    if (!this.#ended) {
      this.#ended = true;
      this.#onLeave();
    }
    this.#wake?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
