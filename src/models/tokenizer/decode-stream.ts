/**
 * Ids that arrive one by one, as text: what could be the beginning of a character waits for its end, and a byte that cannot
 * belong to one is U+FFFD at once. The rule is the WHATWG's for UTF-8, which browsers, Node, Python and Rust share.
 */

/** Decodes a stream of ids; `Tokenizer.decodeStream` makes one. */
export class DecodeStream {
  readonly #bytesOf: (id: number, at: number) => Uint8Array;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #count = 0;

  /** @param bytesOf the bytes of an id at a place of the stream. */
  constructor(bytesOf: (id: number, at: number) => Uint8Array) {
    this.#bytesOf = bytesOf;
  }

  /**
   * The text that the next id completes, often "" within a character.
   * @throws RangeError for an id that no token has.
   */
  push(id: number): string {
    const bytes = this.#bytesOf(id, this.#count++);
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** What is left at the end: U+FFFD if a character was begun, else "". The stream can then be used anew. */
  end(): string {
    this.#count = 0;
    return this.#decoder.decode();
  }
}
