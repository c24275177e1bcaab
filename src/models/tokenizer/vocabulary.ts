/**
 * A vocabulary checked, and made into tables: the bytes of each id, the id of each byte, and the merges by rank.
 */
import { byteCharacters, otherBytes, unspell, utf8 } from "./bytes.ts";
import { PairTable } from "./pair-table.ts";
import type { PatternName } from "./patterns.ts";
import type { AddedToken } from "./special.ts";

/** What a byte-level BPE tokenizer is: all of it that a file holds. */
export interface TokenizerSpec {
  /** Ids by visible spelling ("Ġthe"). Added tokens may be here, too, as they are: then they are no bytes' spelling. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Pairs of spellings, the first to be merged first. */
  readonly merges: readonly (readonly [string, string])[];
  /** Tokens that are found before words are. */
  readonly addedTokens?: readonly AddedToken[];
  /** How words are cut. */
  readonly pattern: PatternName;
  /** `NFC` composes characters before words are cut; then decoding gives the composed text back. Default null. */
  readonly normalizer?: "NFC" | null;
  /** Whether a word that is in the vocabulary is that token, whatever merges would make (Llama 3). Default false. */
  readonly ignoreMerges?: boolean;
  /** The file's `post_processor`, kept and not carried out: `encode` adds no tokens of its own. Default null. */
  readonly postProcessor?: unknown;
}

/** Ids that may be missing: some models leave a few free, and tables are as long as the largest id. */
const HOLES = 1 << 16;

/** The tables of a tokenizer. */
export class Vocabulary {
  /** The largest id plus one. */
  readonly size: number;
  /** The bytes of each id; undefined where there is no token. */
  readonly bytes: readonly (Uint8Array | undefined)[];
  /** The id of each byte. */
  readonly byteIds: Int32Array;
  /** Merges as pairs of ids, numbered by rank. */
  readonly pairs: PairTable;
  /** What each merge makes, by rank. */
  readonly results: Int32Array;

  /**
   * @throws RangeError with what is wrong and where, before tables are made: an id that is not an integer, is used twice, or
   * is far beyond the number of tokens; a byte without a token; a spelling that spells no bytes; a merge of or into what
   * is not in the vocabulary, that is there twice, or that makes a special token out of ordinary text.
   */
  constructor(spec: TokenizerSpec) {
    const { vocabulary, merges, addedTokens = [] } = spec;
    const most = vocabulary.size + addedTokens.length + HOLES;
    const spellings = new Map<number, string>();
    for (const [spelling, id] of vocabulary) {
      const what = `vocabulary: the token ${JSON.stringify(spelling)}`;
      checkId(id, most, what);
      if (spellings.has(id))
        throw new RangeError(`${what} has the id ${id}, as ${JSON.stringify(spellings.get(id))} has`);
      spellings.set(id, spelling);
    }
    const added = new Map<number, AddedToken>();
    for (const [i, token] of addedTokens.entries()) {
      const what = `added token ${i}, ${JSON.stringify(token.content)},`;
      checkId(token.id, most, what);
      if (token.content === "") throw new RangeError(`${what} is empty`);
      if (added.has(token.id)) throw new RangeError(`${what} has the id ${token.id}, as an added token before it has`);
      const same = spellings.get(token.id);
      if (same !== undefined && same !== token.content)
        throw new RangeError(`${what} has the id ${token.id}, as ${JSON.stringify(same)} of the vocabulary has`);
      const other = vocabulary.get(token.content);
      if (other !== undefined && other !== token.id)
        throw new RangeError(`${what} has the id ${token.id}, but the vocabulary gives it ${other}`);
      if (other !== undefined && otherBytes(token.content))
        throw new RangeError(`${what} is in the vocabulary, where the same characters spell other bytes`);
      added.set(token.id, token);
    }
    this.byteIds = Int32Array.from(byteCharacters, (spelling, byte) => {
      const id = vocabulary.get(spelling);
      if (id !== undefined) return id;
      const hex = byte.toString(16).padStart(2, "0");
      throw new RangeError(
        `vocabulary: no token for the byte 0x${hex} (${JSON.stringify(spelling)}): text that has it could not be encoded. ` +
          "A byte-level vocabulary has all 256.",
      );
    });

    this.size =
      1 + Math.max(...[spellings, added].map((ids) => Array.from(ids.keys()).reduce((a, b) => Math.max(a, b), -1)));
    const bytes = new Array<Uint8Array | undefined>(this.size).fill(undefined);
    for (const [id, spelling] of spellings) bytes[id] = added.has(id) ? undefined : spelledBytes(spelling, id);
    for (const [id, { content }] of added) bytes[id] = utf8(content);
    this.bytes = bytes;

    this.pairs = new PairTable();
    this.results = new Int32Array(merges.length);
    for (const [rank, [a, b]] of merges.entries()) {
      const what = `merges[${rank}], ${JSON.stringify(a)} with ${JSON.stringify(b)}`;
      const ids = [a, b, a + b].map((spelling) => {
        const id = vocabulary.get(spelling);
        if (id === undefined) throw new RangeError(`${what}: ${JSON.stringify(spelling)} is not in the vocabulary`);
        if (added.get(id)?.special)
          throw new RangeError(
            `${what}: ${JSON.stringify(spelling)} is a special token, which ordinary text must not make`,
          );
        return id;
      });
      if (this.pairs.add(ids[0], ids[1]) !== rank)
        throw new RangeError(`${what}, is there twice: it is merges[${this.pairs.find(ids[0], ids[1])}], too`);
      this.results[rank] = ids[2];
    }
  }
}

function checkId(id: number, most: number, what: string): void {
  if (!Number.isSafeInteger(id) || id < 0) throw new RangeError(`${what} has the id ${id}, expected an integer from 0`);
  if (id >= most)
    throw new RangeError(`${what} has the id ${id}, far beyond the number of tokens; expected less than ${most}`);
}

function spelledBytes(spelling: string, id: number): Uint8Array {
  const bytes = spelling === "" ? undefined : unspell(spelling);
  if (bytes) return bytes;
  throw new RangeError(
    `vocabulary: the token ${JSON.stringify(spelling)}, id ${id}, spells no bytes: each character must be one of the 256 ` +
      "that stand for bytes. This is not a byte-level vocabulary.",
  );
}

/**
 * The ids that the Hugging Face library gives to added tokens: those of the vocabulary where they are in it, else the next
 * after it. It reads no ids of added tokens in a file.
 */
export function libraryIds({ vocabulary, addedTokens = [] }: TokenizerSpec): readonly number[] {
  let largest = -1;
  return addedTokens.map(({ content }) => {
    const id = vocabulary.get(content) ?? Math.max(vocabulary.size, largest + 1);
    largest = Math.max(largest, id);
    return id;
  });
}
