/**
 * Tokens that are found in a text before words are: special ones and others that were added to a vocabulary. The leftmost
 * match wins, and of several at one place the longest, so "<|e|><|e|>" is one token where both it and "<|e|>" exist.
 * What a special token says in a user's text is ordinary text: the caller of `encode` names those that count.
 */

/** A token that was added beside those that merges make; the fields of tokenizer.json. */
export interface AddedToken {
  /** Its id. */
  readonly id: number;
  /** Its text. */
  readonly content: string;
  /** Whether it steers the model and must be allowed by name; other added tokens are found in every text. */
  readonly special: boolean;
  /** Whether it takes the white space before it along. White space is no condition: it matches without, too. */
  readonly lstrip: boolean;
  /** The same for white space after it. */
  readonly rstrip: boolean;
  /** Whether it is looked for in the normalised text, after those that are not. */
  readonly normalized: boolean;
}

/** A part of a text: ordinary text, or a token that was found. */
export type Part<T> =
  | { readonly text: string; readonly token?: undefined }
  | { readonly text?: undefined; readonly token: T };

/** Finds tokens in text. */
export class TokenFinder<T> {
  readonly #tokens: ReadonlyMap<string, T>;
  readonly #search: RegExp | undefined;
  /** Length of the longest token in UTF-16 units, 0 without tokens. */
  readonly longest: number;

  /** @param tokens by their contents. */
  constructor(tokens: ReadonlyMap<string, T>) {
    this.#tokens = tokens;
    const longestFirst = [...tokens.keys()].sort((a, b) => b.length - a.length);
    this.longest = longestFirst[0]?.length ?? 0;
    const escaped = longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    this.#search = tokens.size > 0 ? new RegExp(escaped.join("|"), "gu") : undefined;
  }

  /** The text in parts, none of them empty. */
  split(text: string): readonly Part<T>[] {
    const parts: Part<T>[] = [];
    let from = 0;
    for (const { 0: content, index } of this.#search ? text.matchAll(this.#search) : []) {
      if (index > from) parts.push({ text: text.slice(from, index) });
      parts.push({ token: this.#tokens.get(content)! });
      from = index + content.length;
    }
    if (from < text.length) parts.push({ text: text.slice(from) });
    return parts;
  }

  /**
   * The parts that stay what they are whatever follows, and how many units they are: a token counts when a longer one could
   * no longer begin where it does, and text when no token could begin in it.
   */
  splitSettled(text: string): { readonly parts: readonly Part<T>[]; readonly length: number } {
    const parts: Part<T>[] = [];
    let from = 0;
    for (const { 0: content, index } of this.#search ? text.matchAll(this.#search) : []) {
      if (index + this.longest > text.length) break;
      if (index > from) parts.push({ text: text.slice(from, index) });
      parts.push({ token: this.#tokens.get(content)! });
      from = index + content.length;
    }
    let end = this.longest === 0 ? text.length : text.length - this.longest + 1;
    const unit = text.charCodeAt(end);
    if (unit >= 0xdc00 && unit < 0xe000) end--; // both halves of a character, or none
    if (end > from) {
      parts.push({ text: text.slice(from, end) });
      from = end;
    }
    return { parts, length: from };
  }
}

/** What an encoder looks for before words: tokens in the text as it is, then tokens in the normalised text. */
export interface Finders {
  /** Tokens that are not normalised. */
  readonly first: TokenFinder<AddedToken>;
  /** Tokens that are. */
  readonly second: TokenFinder<AddedToken>;
}

/** Finds strings, and gives each as its own token. */
export function tokenFinder(texts: readonly string[]): TokenFinder<string> {
  return new TokenFinder(new Map(texts.map((text) => [text, text])));
}
