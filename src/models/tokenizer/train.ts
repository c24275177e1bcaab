/**
 * Byte-level BPE training (Sennrich et al. 2016, on bytes as in GPT-2), byte-identical with Hugging Face's trainer.
 *
 * The rule, which leaves nothing open:
 * 1. Ids: special tokens in the order given, then the 256 bytes in the order of the code points of their visible characters
 *    (`bytesByCharacter`), then one for each merge.
 * 2. The count of a pair of neighbouring ids is the number of places where it stands, over all words times their counts;
 *    overlapping places count ("aaaaa" has the pair (a, a) four times), though a merge, from left to right, replaces two.
 * 3. The pair with the largest count is merged next; of several the one with the smaller first id, then the smaller second.
 *    There is one tie rule: ids are compared, never strings, whose order would depend on how they are written.
 * 4. It ends when the vocabulary is full, or when no pair occurs `minimumFrequency` times.
 *
 * No token is made twice, and no pair comes back once it is merged: what lies between two borders of tokens was merged as if
 * nothing else were there. So a pair's places all appear in one step, and its count only falls from then on.
 *
 * Counts are sums over words, so the order of documents, pieces and workers cannot matter. Only words that hold the merged
 * pair are visited. Departures from Hugging Face's trainer: special tokens are cut out of the documents, and all 256 bytes
 * are in the vocabulary (there: `initial_alphabet`).
 */
import { byteCharacters, bytesByCharacter, otherBytes, refuseHalves, unspell, utf8 } from "./bytes.ts";
import { type CountOptions, checkedPattern, countWords } from "./count.ts";
import { PairHeap } from "./pair-heap.ts";
import { PairTable } from "./pair-table.ts";
import { Tokenizer } from "./tokenizer.ts";

/** The largest vocabulary that can be asked for. */
const MOST = 1 << 20;

/** What one merge did. */
export interface MergeReport {
  /** How many merges there are now. */
  readonly merges: number;
  /** Tokens in the vocabulary now, and how many were asked for. */
  readonly vocabulary: number;
  readonly vocabularySize: number;
  /** The token that was made, in visible spelling. */
  readonly token: string;
  /** The count of its pair. */
  readonly count: number;
  /** How many different words were visited. */
  readonly words: number;
}

/** What to train. */
export interface TrainOptions extends CountOptions {
  /** Tokens wanted in all: special tokens, 256 bytes, and merges. There are fewer if the words run out of pairs. */
  readonly vocabularySize: number;
  /** A pair that occurs less often is not merged; at least 1, the default. */
  readonly minimumFrequency?: number;
  /** Is told of each merge. */
  readonly onMerge?: (report: MergeReport) => void;
}

/**
 * Trains a tokenizer on documents: `trainFromCounts(countWords(documents))`.
 * @throws RangeError for options or documents that cannot be used, with the reason.
 */
export function trainTokenizer(options: TrainOptions & { readonly documents: Iterable<string> }): Tokenizer {
  checkOptions(options);
  return trainFromCounts(countWords(options.documents, options), options);
}

/**
 * Trains a tokenizer on counted words; the second half of training.
 * @param counts from `countWords` with the same pattern and special tokens, merged by `mergeCounts`.
 * @throws RangeError for options that cannot be used, or a count that is not a positive integer.
 */
export function trainFromCounts(counts: ReadonlyMap<string, number>, options: TrainOptions): Tokenizer {
  checkOptions(options);
  const specials = options.specialTokens ?? [];
  const spellings = [...specials, ...bytesByCharacter.map((byte) => byteCharacters[byte])];
  const idOf = new Map(spellings.map((spelling, id) => [spelling, id]));
  const words = new Words(counts, specials.length);
  const heap = new PairHeap(words.pairs);
  for (let pair = 0; pair < words.pairs.size; pair++) heap.push({ pair, count: words.counts[pair] });
  const merges: (readonly [string, string])[] = [];
  const least = options.minimumFrequency ?? 1;

  while (spellings.length < options.vocabularySize) {
    const top = heap.pop();
    if (top === undefined) break;
    const { pair } = top;
    const count = words.counts[pair];
    if (count !== top.count) {
      heap.push({ pair, count });
      continue;
    }
    if (count < least) break;
    const merge = [spellings[words.pairs.first(pair)], spellings[words.pairs.second(pair)]] as const;
    const token = merge.join("");
    if (idOf.has(token))
      throw new RangeError(
        `the words make the special token ${JSON.stringify(token)}: count words with the same special tokens`,
      );
    const id = spellings.push(token) - 1;
    idOf.set(token, id);
    merges.push(merge);
    const { visited, grown } = words.merge(pair, id);
    for (const other of grown) if (words.counts[other] > 0) heap.push({ pair: other, count: words.counts[other] });
    const { vocabularySize } = options;
    options.onMerge?.({
      merges: merges.length,
      vocabulary: spellings.length,
      vocabularySize,
      token,
      count,
      words: visited,
    });
  }

  return new Tokenizer({
    vocabulary: idOf,
    merges,
    addedTokens: specials.map((content, id) => ({
      ...{ id, content, special: true },
      ...{ lstrip: false, rstrip: false, normalized: false },
    })),
    pattern: checkedPattern(options.pattern),
  });
}

/** The words in ids, with the counts of their pairs and where each pair is. */
class Words {
  readonly pairs = new PairTable();
  /** The count of each pair by its number. */
  readonly counts: number[] = [];
  /** The words in which each pair occurs, or did, by its number. */
  readonly #places: number[][] = [];
  /** All words one after the other; a merge moves a word's ids to its beginning. */
  readonly #ids: Int32Array;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #times: Float64Array;
  /** Pairs whose count grew in this merge. */
  #grown = new Set<number>();

  constructor(counts: ReadonlyMap<string, number>, firstByte: number) {
    const idOfByte = new Int32Array(256);
    for (const [i, byte] of bytesByCharacter.entries()) idOfByte[byte] = firstByte + i;
    const words: Uint8Array[] = [];
    const times: number[] = [];
    let total = 0;
    for (const [word, count] of counts) {
      if (!Number.isSafeInteger(count) || count < 1)
        throw new RangeError(`the word ${JSON.stringify(word)} has the count ${count}, expected a positive integer`);
      refuseHalves(word, `the word ${JSON.stringify(word)}`);
      const bytes = utf8(word);
      total += bytes.length;
      words.push(bytes);
      times.push(count);
    }
    this.#ids = new Int32Array(total);
    this.#starts = new Int32Array(words.length);
    this.#lengths = new Int32Array(words.length);
    this.#times = Float64Array.from(times);
    let at = 0;
    for (const [i, word] of words.entries()) {
      this.#starts[i] = at;
      this.#lengths[i] = word.length;
      for (const byte of word) this.#ids[at++] = idOfByte[byte];
      for (let k = at - word.length; k + 1 < at; k++) this.#change(this.#ids[k], this.#ids[k + 1], i, 1);
    }
    this.#grown.clear();
  }

  /** Merges a pair wherever it stands; tells how many words were visited, and which pairs' counts grew. */
  merge(pair: number, id: number): { readonly visited: number; readonly grown: Iterable<number> } {
    const places = this.#places[pair];
    this.#places[pair] = [];
    this.#grown = new Set();
    for (const word of places) this.#mergeIn(word, this.pairs.first(pair), this.pairs.second(pair), id);
    return { visited: places.length, grown: this.#grown };
  }

  #mergeIn(word: number, a: number, b: number, id: number): void {
    const ids = this.#ids;
    const start = this.#starts[word];
    const end = start + this.#lengths[word];
    let to = start;
    for (let from = start; from < end; from++) {
      if (ids[from] !== a || from + 1 >= end || ids[from + 1] !== b) {
        ids[to++] = ids[from];
        continue;
      }
      if (to > start) {
        this.#change(ids[to - 1], a, word, -1);
        this.#change(ids[to - 1], id, word, 1);
      }
      from++;
      if (from + 1 < end) {
        this.#change(b, ids[from + 1], word, -1);
        this.#change(id, ids[from + 1], word, 1);
      }
      ids[to++] = id;
    }
    this.#lengths[word] = to - start;
  }

  #change(a: number, b: number, word: number, sign: 1 | -1): void {
    const pair = this.pairs.add(a, b);
    if (pair === this.counts.length) {
      this.counts.push(0);
      this.#places.push([]);
    }
    this.counts[pair] += sign * this.#times[word];
    if (sign < 0) return;
    this.#grown.add(pair);
    const places = this.#places[pair];
    if (places[places.length - 1] !== word) places.push(word);
  }
}

/** @throws RangeError for what cannot be trained, before memory is taken. */
function checkOptions(options: TrainOptions): void {
  const { vocabularySize, minimumFrequency: least = 1, specialTokens = [] } = options;
  checkedPattern(options.pattern);
  const smallest = 256 + specialTokens.length;
  if (!Number.isSafeInteger(vocabularySize) || vocabularySize < smallest || vocabularySize > MOST)
    throw new RangeError(
      `vocabularySize is ${vocabularySize}, expected an integer from ${smallest} (256 bytes and ` +
        `${specialTokens.length} special tokens) to ${MOST}`,
    );
  if (!Number.isSafeInteger(least) || least < 1)
    throw new RangeError(`minimumFrequency is ${least}, expected an integer of at least 1`);
  for (const [i, token] of specialTokens.entries()) {
    const what = `special token ${i}, ${JSON.stringify(token)},`;
    if (typeof token !== "string" || token === "") throw new RangeError(`${what} must be a text of some length`);
    refuseHalves(token, what);
    if (specialTokens.indexOf(token) < i) throw new RangeError(`${what} is there twice`);
    const bytes = token.length === 1 ? unspell(token) : otherBytes(token);
    if (bytes)
      throw new RangeError(
        `${what} is also how the bytes ${[...bytes].join(", ")} are spelled in tokenizer.json, so one text would have ` +
          "two meanings there. Choose another, such as <|name|>.",
      );
  }
}
