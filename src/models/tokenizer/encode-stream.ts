/**
 * A text that arrives in pieces, as ids: the same ids as for the whole, in memory of a few words. What the next piece could
 * still change waits: half a character, the beginning of a token, characters that compose, a word that touches the end.
 * A single word without end would be held whole; every pattern ends one before white space, but for blank lines.
 */
import { refuseHalves } from "./bytes.ts";
import type { AddedToken, Finders, Part, TokenFinder } from "./special.ts";
import { type WordSplitter, WordStream, withoutLeadingSpace } from "./words.ts";

/** What the stream needs of its tokenizer. */
export interface EncodeParts {
  /** Tokens to look for. */
  readonly finders: Finders;
  /** How words are cut. */
  readonly splitter: WordSplitter;
  /** Whether text is composed (NFC). */
  readonly normalizes: boolean;
  /** Appends the ids of a word. */
  readonly encodeWord: (word: string, ids: number[]) => void;
}

/** Encodes a stream of text; `Tokenizer.encodeStream` makes one. */
export class EncodeStream {
  readonly #parts: EncodeParts;
  readonly #first: TokenStream;
  readonly #composer: Composer;
  readonly #second: TokenStream;
  readonly #words: WordStream;
  /** A high surrogate that a piece ended in. */
  #half = "";
  #length = 0;
  #ids: number[] = [];
  /** Whether white space is swallowed, after a token with rstrip. */
  #swallows = false;

  /** @param parts of the tokenizer. */
  constructor(parts: EncodeParts) {
    this.#parts = parts;
    this.#first = new TokenStream(parts.finders.first);
    this.#composer = new Composer(parts.normalizes);
    this.#second = new TokenStream(parts.finders.second);
    this.#words = new WordStream(parts.splitter);
  }

  /**
   * Takes the next piece, and gives the ids that are settled now.
   * @throws RangeError for half a character that no neighbour completes, with its index in the piece.
   */
  push(piece: string): number[] {
    let text = this.#half + piece;
    const last = text.charCodeAt(text.length - 1);
    this.#half = last >= 0xd800 && last < 0xdc00 ? text[text.length - 1] : "";
    if (this.#half) text = text.slice(0, -1);
    refuseHalves(text, `the piece from character ${this.#length}`);
    this.#length += text.length;
    for (const part of this.#first.push(text)) this.#takeFirst(part);
    return this.#takeIds();
  }

  /** The remaining ids: the text ends here. The stream can then be used anew. */
  end(): number[] {
    refuseHalves(this.#half, "the end of the text");
    for (const part of this.#first.end()) this.#takeFirst(part);
    this.#endSecond();
    this.#endWords();
    this.#swallows = false;
    this.#length = 0;
    return this.#takeIds();
  }

  #takeFirst({ text, token }: Part<AddedToken>): void {
    if (token) {
      this.#endSecond();
      this.#takeToken(token);
    } else for (const part of this.#second.push(this.#composer.push(text))) this.#takeSecond(part);
  }

  #endSecond(): void {
    for (const part of this.#second.push(this.#composer.end())) this.#takeSecond(part);
    for (const part of this.#second.end()) this.#takeSecond(part);
  }

  #takeSecond({ text, token }: Part<AddedToken>): void {
    if (token) {
      this.#takeToken(token);
      return;
    }
    const rest = this.#swallows ? withoutLeadingSpace(text) : text;
    if (rest === "") return;
    this.#swallows = false;
    this.#encode(this.#words.push(rest));
  }

  #takeToken(token: AddedToken): void {
    if (token.lstrip) this.#words.trimEnd();
    this.#endWords();
    this.#ids.push(token.id);
    this.#swallows = token.rstrip;
  }

  #endWords(): void {
    this.#encode(this.#words.end());
  }

  #encode(words: readonly string[]): void {
    for (const word of words) this.#parts.encodeWord(word, this.#ids);
  }

  #takeIds(): number[] {
    const ids = this.#ids;
    this.#ids = [];
    return ids;
  }
}

/** Tokens in a text that arrives in pieces. */
class TokenStream {
  readonly #finder: TokenFinder<AddedToken>;
  #held = "";

  constructor(finder: TokenFinder<AddedToken>) {
    this.#finder = finder;
  }

  push(text: string): readonly Part<AddedToken>[] {
    this.#held += text;
    const { parts, length } = this.#finder.splitSettled(this.#held);
    this.#held = this.#held.slice(length);
    return parts;
  }

  end(): readonly Part<AddedToken>[] {
    const parts = this.#finder.split(this.#held);
    this.#held = "";
    return parts;
  }
}

/** Before these no composition reaches back: ASCII, and the ideographs of the first plane. */
const boundary = /[\0-\x7f\u3400-\u4dbf\u4e00-\u9fff]/;

/** Composes characters (NFC) of a text that arrives in pieces. */
class Composer {
  readonly #active: boolean;
  #held = "";

  constructor(active: boolean) {
    this.#active = active;
  }

  push(text: string): string {
    if (!this.#active) return text;
    this.#held += text;
    let end = this.#held.length - 1;
    const searched = this.#held.length - text.length;
    while (end >= searched && !boundary.test(this.#held[end])) end--;
    if (end < searched) return "";
    const done = this.#held.slice(0, end).normalize("NFC");
    this.#held = this.#held.slice(end);
    return done;
  }

  end(): string {
    const done = this.#held.normalize("NFC");
    this.#held = "";
    return done;
  }
}
