/**
 * A byte-level BPE tokenizer: text to ids and back. Special tokens are ids that the caller places; what a text says is never
 * one unless the caller allows it by name.
 */
import { refuseHalves, spell, utf8 } from "./bytes.ts";
import { DecodeStream } from "./decode-stream.ts";
import { EncodeStream } from "./encode-stream.ts";
import { mergeWord } from "./merge-word.ts";
import { isPatternName, patterns } from "./patterns.ts";
import { type AddedToken, type Finders, TokenFinder } from "./special.ts";
import { type TokenizerSpec, Vocabulary } from "./vocabulary.ts";
import { WordCache } from "./word-cache.ts";
import { isSpace, WordSplitter, withoutLeadingSpace, withoutTrailingSpace } from "./words.ts";

/** How a text is encoded. */
export interface EncodeOptions {
  /** Special tokens that count when they stand in the text: their contents, or "all". Default none. */
  readonly allowedSpecial?: "all" | Iterable<string>;
}

/** How ids are decoded. */
export interface DecodeOptions {
  /** Leaves special tokens out. Default false. */
  readonly skipSpecialTokens?: boolean;
}

/** A tokenizer; see the file. */
export class Tokenizer {
  /** What it was made of. */
  readonly spec: TokenizerSpec;
  readonly #vocabulary: Vocabulary;
  readonly #splitter: WordSplitter;
  readonly #cache: WordCache;
  readonly #specials: ReadonlyMap<string, number>;
  readonly #finders = new Map<string, Finders>();
  readonly #isSpecial: ReadonlySet<number>;
  readonly #isAdded: ReadonlySet<number>;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /**
   * @param options.cachedWords words whose tokens are kept, at most; default 65,536.
   * @throws RangeError where the parts do not fit together, with which and why.
   */
  constructor(spec: TokenizerSpec, options: { readonly cachedWords?: number } = {}) {
    const added = spec.addedTokens ?? [];
    if (!isPatternName(spec.pattern))
      throw new RangeError(
        `pattern is ${JSON.stringify(spec.pattern)}, expected one of ${Object.keys(patterns).join(", ")}`,
      );
    this.#vocabulary = new Vocabulary(spec);
    this.spec = spec;
    this.#splitter = new WordSplitter(spec.pattern);
    this.#cache = new WordCache(options.cachedWords ?? 65_536);
    const strips = added.some(({ lstrip, rstrip }) => lstrip || rstrip);
    const contents = new Set<string>();
    for (const [i, { content }] of added.entries()) {
      const what = `added token ${i}, ${JSON.stringify(content)},`;
      refuseHalves(content, what);
      if (contents.has(content)) throw new RangeError(`${what} is there twice`);
      contents.add(content);
      if (strips && (isSpace(content[0]) || isSpace(content.at(-1)!)))
        throw new RangeError(
          `${what} begins or ends with white space, which another token with lstrip or rstrip would take`,
        );
    }
    this.#specials = new Map(added.filter(({ special }) => special).map(({ content, id }) => [content, id]));
    this.#isSpecial = new Set(this.#specials.values());
    this.#isAdded = new Set(added.map(({ id }) => id));
  }

  /** The largest id plus one: how many rows an embedding needs. */
  get vocabularySize(): number {
    return this.#vocabulary.size;
  }

  /** The special tokens by their contents, in the order of the file. */
  get specialTokens(): ReadonlyMap<string, number> {
    return this.#specials;
  }

  /** The id of a special token. @throws RangeError if there is none of that text. */
  specialId(content: string): number {
    const id = this.#specials.get(content);
    if (id !== undefined) return id;
    const known = [...this.#specials.keys()].join(", ") || "none";
    throw new RangeError(`${JSON.stringify(content)} is not a special token of this tokenizer, which has ${known}`);
  }

  /**
   * The ids of a text; none for the empty text. No beginning or end is added.
   * @throws RangeError for a text with half a character, or an `allowedSpecial` that is not a special token.
   */
  encode(text: string, options: EncodeOptions = {}): number[] {
    refuseHalves(text, "the text");
    const { first, second } = this.#findersFor(options);
    const ids: number[] = [];
    const encode = (parts: ReturnType<typeof first.split>, inner: (text: string) => void): void => {
      for (const [i, { text, token }] of parts.entries()) {
        if (token) ids.push(token.id);
        else {
          let own = text;
          if (parts[i + 1]?.token?.lstrip) own = withoutTrailingSpace(own);
          if (parts[i - 1]?.token?.rstrip) own = withoutLeadingSpace(own);
          inner(own);
        }
      }
    };
    encode(first.split(text), (raw) =>
      encode(second.split(this.normalize(raw)), (part) => {
        for (const word of this.#splitter.split(part)) this.#encodeWord(word, ids);
      }),
    );
    return ids;
  }

  /** Encodes a text that arrives in pieces, in memory that does not grow with it. */
  encodeStream(options: EncodeOptions = {}): EncodeStream {
    return new EncodeStream({
      finders: this.#findersFor(options),
      splitter: this.#splitter,
      normalizes: this.spec.normalizer === "NFC",
      encodeWord: (word, ids) => this.#encodeWord(word, ids),
    });
  }

  /**
   * The text of ids. Bytes that are no UTF-8 become U+FFFD, as the WHATWG's decoder does it. Spaces are not tidied.
   * @throws RangeError for an id that no token has, with its place.
   */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    const parts: Uint8Array[] = [];
    let length = 0;
    let at = 0;
    for (const id of ids) {
      const bytes = this.tokenBytes(id, at++);
      if (options.skipSpecialTokens && this.#isSpecial.has(id)) continue;
      parts.push(bytes);
      length += bytes.length;
    }
    const all = new Uint8Array(length);
    let to = 0;
    for (const bytes of parts) {
      all.set(bytes, to);
      to += bytes.length;
    }
    return this.#decoder.decode(all);
  }

  /** Decodes ids that arrive one by one; what is given out, joined, is what `decode` gives for all of them. */
  decodeStream(options: DecodeOptions = {}): DecodeStream {
    const skips = options.skipSpecialTokens ?? false;
    return new DecodeStream((id, at) => {
      const bytes = this.tokenBytes(id, at);
      return skips && this.#isSpecial.has(id) ? new Uint8Array(0) : bytes;
    });
  }

  /**
   * The bytes that an id stands for.
   * @param at its place among others, for the message.
   * @throws RangeError for an id that no token has.
   */
  tokenBytes(id: number, at?: number): Uint8Array {
    const bytes = this.#vocabulary.bytes[id];
    if (bytes) return bytes;
    const where = at === undefined ? "" : ` at place ${at}`;
    throw new RangeError(`no token has the id ${id}${where}; ids of this tokenizer are below ${this.vocabularySize}`);
  }

  /** A text as it is encoded: composed where the normaliser is NFC, else unchanged. */
  normalize(text: string): string {
    return this.spec.normalizer === "NFC" ? text.normalize("NFC") : text;
  }

  #encodeWord(word: string, ids: number[]): void {
    let tokens = this.#cache.get(word);
    if (!tokens) {
      tokens = this.#tokensOf(word);
      this.#cache.set(word, tokens);
    }
    for (const id of tokens) ids.push(id);
  }

  #tokensOf(word: string): number[] {
    const bytes = utf8(word);
    if (this.spec.ignoreMerges) {
      const id = this.spec.vocabulary.get(spell(bytes));
      if (id !== undefined && !this.#isAdded.has(id)) return [id];
    }
    return mergeWord(
      Array.from(bytes, (byte) => this.#vocabulary.byteIds[byte]),
      this.#vocabulary,
    );
  }

  #findersFor({ allowedSpecial = [] }: EncodeOptions): Finders {
    const allowed = new Set(allowedSpecial === "all" ? this.#specials.keys() : allowedSpecial);
    for (const content of allowed) this.specialId(content);
    const key = JSON.stringify([...allowed].sort());
    let finders = this.#finders.get(key);
    if (!finders) {
      const active = (this.spec.addedTokens ?? []).filter(({ special, content }) => !special || allowed.has(content));
      const finderOf = (normalized: boolean): TokenFinder<AddedToken> =>
        new TokenFinder(
          new Map(
            active
              .filter((token) => token.normalized === normalized)
              .map((token) => [normalized ? this.normalize(token.content) : token.content, token]),
          ),
        );
      finders = { first: finderOf(false), second: finderOf(true) };
      if (this.#finders.size < 64) this.#finders.set(key, finders);
    }
    return finders;
  }
}
