/**
 * Looks for stop strings in a stream of bytes. What could be the beginning of one is held back until it is clear that it is
 * none, so that nothing is given that should not have been; UTF-8 is such that a string is never found inside a character.
 *
 * Of several, the one that is complete first counts; of those that are complete at the same byte, the first of the list.
 */

const utf8 = new TextEncoder();

/** Finds the first of some strings. */
export class StopMatcher {
  readonly #stops: readonly Uint8Array[];
  readonly #include: boolean;
  /** Bytes that may yet become a stop string. */
  #held: number[] = [];
  #stopped: string | undefined;
  readonly #strings: readonly string[];

  /**
   * @param stops none of them empty. @param include whether the stop string is given, too.
   * @throws RangeError for an empty string, which would stop everything.
   */
  constructor(stops: readonly string[], include = false) {
    if (stops.includes("")) throw new RangeError("A stop string is empty: it would end every answer before it begins.");
    this.#strings = stops;
    this.#stops = stops.map((stop) => utf8.encode(stop));
    this.#include = include;
  }

  /** The string that was found. */
  get stopped(): string | undefined {
    return this.#stopped;
  }

  /** Takes further bytes. @returns those that can be given; nothing after a stop string. */
  push(bytes: Uint8Array): Uint8Array {
    if (this.#stopped !== undefined) return new Uint8Array();
    if (this.#stops.length === 0) return bytes;
    const held = this.#held;
    for (const byte of bytes) {
      held.push(byte);
      const found = this.#stops.findIndex((stop) => endsWith(held, stop, stop.length));
      if (found < 0) continue;
      this.#stopped = this.#strings[found];
      if (!this.#include) held.length -= this.#stops[found].length;
      return Uint8Array.from(held.splice(0));
    }
    return Uint8Array.from(held.splice(0, held.length - this.#begun()));
  }

  /** No bytes follow. @returns what was held back. */
  end(): Uint8Array {
    return Uint8Array.from(this.#held.splice(0));
  }

  /** The most bytes at the end of what is held that some stop string begins with. */
  #begun(): number {
    let most = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, this.#held.length); length > most; length--)
        if (endsWith(this.#held, stop, length)) most = length;
    }
    return most;
  }
}

/** Whether bytes end with the first `length` of a stop string. */
function endsWith(bytes: readonly number[], stop: Uint8Array, length: number): boolean {
  const from = bytes.length - length;
  if (from < 0) return false;
  for (let i = 0; i < length; i++) if (bytes[from + i] !== stop[i]) return false;
  return true;
}
