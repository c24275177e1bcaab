/**
 * Text into words, whole or in pieces as it arrives, and where a long text may be cut without cutting a word.
 */
import { type PatternName, patterns } from "./patterns.ts";

const whiteSpace = /^\p{White_Space}$/u;

/** Whether a UTF-16 unit is white space; all of Unicode's lies in its first plane. */
export const isSpace = (unit: string): boolean => whiteSpace.test(unit);

/** Where the white space at the end of a text begins; its length if there is none. */
function trailingSpaceOf(text: string): number {
  let at = text.length;
  while (at > 0 && isSpace(text[at - 1])) at--;
  return at;
}

/** The text without white space at its end. */
export const withoutTrailingSpace = (text: string): string => text.slice(0, trailingSpaceOf(text));

/** The text without white space at its beginning. */
export function withoutLeadingSpace(text: string): string {
  let at = 0;
  while (at < text.length && isSpace(text[at])) at++;
  return text.slice(at);
}

/** Cuts text into words by one pattern. */
export class WordSplitter {
  /** The pattern's name. */
  readonly pattern: PatternName;
  readonly #all: RegExp;
  readonly #one: RegExp;

  /** @param pattern the name of a pattern of `patterns.ts`. */
  constructor(pattern: PatternName) {
    this.pattern = pattern;
    this.#all = new RegExp(patterns[pattern].source, "gu");
    this.#one = new RegExp(patterns[pattern].source, "uy");
  }

  /** The words of a whole text, in order; joined they are the text. */
  split(text: string): readonly string[] {
    return text.match(this.#all) ?? [];
  }

  /**
   * The words that stay what they are whatever follows the text, and how many UTF-16 units they are.
   * A word may change while it touches the end or the white space at the end, or while fewer than three units are known
   * from its beginning ("'l" may become "'ll"); see `patterns.ts`.
   */
  splitSettled(text: string): { readonly words: readonly string[]; readonly length: number } {
    const words: string[] = [];
    const last = trailingSpaceOf(text) - 1;
    let length = 0;
    while (length + 3 <= text.length) {
      this.#one.lastIndex = length;
      const word = this.#one.exec(text)![0];
      if (length + word.length > last) break;
      words.push(word);
      length += word.length;
    }
    return { words, length };
  }
}

/** Text that arrives in pieces, as words; holds back what the next piece may change. */
export class WordStream {
  readonly #splitter: WordSplitter;
  #held = "";
  /** The length at which looking again is worth it: a long word that arrives in small pieces is not searched at each. */
  #enough = 0;

  /** @param splitter the pattern to cut by. */
  constructor(splitter: WordSplitter) {
    this.#splitter = splitter;
  }

  /** Takes the next piece, which must not end in half a character, and gives the words that are settled now. */
  push(piece: string): readonly string[] {
    this.#held += piece;
    if (this.#held.length < this.#enough) return [];
    const { words, length } = this.#splitter.splitSettled(this.#held);
    this.#held = this.#held.slice(length);
    this.#enough = 2 * this.#held.length;
    return words;
  }

  /** Takes away white space at the end of what is held (a token that follows swallows it). */
  trimEnd(): void {
    this.#held = withoutTrailingSpace(this.#held);
  }

  /** The remaining words: the text ends here. */
  end(): readonly string[] {
    const words = this.#splitter.split(this.#held);
    this.#held = "";
    this.#enough = 0;
    return words;
  }
}

/**
 * Cuts a document into pieces of about `length` UTF-16 units, for several workers to count: the words of the pieces are the
 * words of the document. A cut lies between a character and white space that follows it and is not a line's end, where
 * every pattern ends a word, and inside no special token. Where there is no such place the piece grows until there is one.
 * @throws RangeError for a length that is not a positive integer.
 */
export function* cutDocument(
  document: string,
  length: number,
  specialTokens: readonly string[] = [],
): Generator<string> {
  if (!Number.isSafeInteger(length) || length < 1)
    throw new RangeError(`a piece of ${length} characters cannot be cut: the length must be a positive integer`);
  let start = 0;
  for (let at = length; at < document.length; at++) {
    const unit = document[at];
    if (unit === "\r" || unit === "\n" || !isSpace(unit) || isSpace(document[at - 1])) continue;
    if (specialTokens.some((token) => straddles(document, at, token))) continue;
    yield document.slice(start, at);
    start = at;
    at += length - 1;
  }
  if (start < document.length) yield document.slice(start);
}

/** Whether the token stands in the text on both sides of a place. */
function straddles(text: string, at: number, token: string): boolean {
  for (let start = Math.max(0, at - token.length + 1); start < at; start++)
    if (text.startsWith(token, start)) return true;
  return false;
}
