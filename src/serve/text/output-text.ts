/**
 * The text of a choice, token by token: bytes, less what a stop string may yet take, as characters that are whole. All that is
 * given, put together, is the text that would be given at the end.
 */
import { StopMatcher } from "./stop-matcher.ts";

/** How tokens become text. */
export interface OutputTextOptions {
  /** Bytes of a token; none for one that is not shown, such as the end of a sequence. */
  readonly bytesOf: (token: number) => Uint8Array;
  /** Strings that end the text. */
  readonly stops?: readonly string[];
  /** Whether the stop string is part of the text. */
  readonly includeStop?: boolean;
}

/** Tokens as text. */
export class OutputText {
  readonly #bytesOf: (token: number) => Uint8Array;
  readonly #matcher: StopMatcher;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #released = 0;

  /** @throws RangeError for an empty stop string. */
  constructor({ bytesOf, stops = [], includeStop = false }: OutputTextOptions) {
    this.#bytesOf = bytesOf;
    this.#matcher = new StopMatcher(stops, includeStop);
  }

  /** The stop string that has ended it. */
  get stopped(): string | undefined {
    return this.#matcher.stopped;
  }

  /** Bytes that are certain so far, those of a character that is not whole yet among them. */
  get released(): number {
    return this.#released;
  }

  /** Takes a token. @returns the text that is certain now and was not before; often "". */
  push(token: number): string {
    const { stopped } = this;
    const given = this.#matcher.push(this.#bytesOf(token));
    this.#released += given.length;
    const text = this.#decoder.decode(given, { stream: true });
    return stopped === undefined && this.stopped !== undefined ? text + this.#decoder.decode() : text;
  }

  /** There are no more tokens. @returns what was held back; U+FFFD for a character that was begun. */
  end(): string {
    const given = this.#matcher.end();
    this.#released += given.length;
    return this.#decoder.decode(given);
  }
}
