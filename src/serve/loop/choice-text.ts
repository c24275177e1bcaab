/**
 * What one choice gives, piece by piece: text that is certain, and with it the tokens that it came from. The bytes of all
 * tokens that are given, put together, are the bytes of all text that is given: what a stop string takes from the text
 * it takes from the tokens, too.
 */
import type { Sampled } from "../engine/request.ts";
import { OutputText, type OutputTextOptions } from "../text/output-text.ts";

/** A token of an answer. */
export interface OutputToken extends Sampled {
  /** What it adds to the text. */
  readonly bytes: Uint8Array;
}

/** What is certain now and was not before. */
export interface OutputPart {
  /** Often "". */
  readonly text: string;
  readonly tokens: readonly OutputToken[];
}

/** The text of a choice, and its tokens. */
export class ChoiceText {
  readonly #bytesOf: OutputTextOptions["bytesOf"];
  readonly #text: OutputText;
  /** Tokens whose bytes are not certain yet, in their order. */
  #held: OutputToken[] = [];
  /** Bytes of all tokens before those that are held. */
  #given = 0;

  /** @throws RangeError for an empty stop string. */
  constructor(options: OutputTextOptions) {
    this.#bytesOf = options.bytesOf;
    this.#text = new OutputText(options);
  }

  /** The stop string that has ended it. */
  get stopped(): string | undefined {
    return this.#text.stopped;
  }

  /** Takes a token. */
  push(sampled: Sampled): OutputPart {
    this.#held.push({ ...sampled, bytes: this.#bytesOf(sampled.token) });
    const text = this.#text.push(sampled.token);
    return { text, tokens: this.#take(this.stopped !== undefined) };
  }

  /** There are no more tokens. */
  end(): OutputPart {
    if (this.stopped !== undefined) return { text: "", tokens: [] };
    const text = this.#text.end();
    return { text, tokens: this.#take(true) };
  }

  /** Tokens whose bytes have been given. @param last whether there are no more: then one that was cut is given as far as it is. */
  #take(last: boolean): OutputToken[] {
    const { released } = this.#text;
    const taken: OutputToken[] = [];
    while (this.#held.length > 0 && this.#given + this.#held[0].bytes.length <= released) {
      const token = this.#held.shift() as OutputToken;
      this.#given += token.bytes.length;
      taken.push(token);
    }
    const [cut] = this.#held;
    if (last && cut && this.#given < released)
      taken.push({ ...cut, bytes: cut.bytes.subarray(0, released - this.#given) });
    return taken;
  }
}
