/**
 * Rows of one fixed length from documents laid end to end. A document that does not fit is cut, and its rest begins the
 * next row; what is left over is a number of tokens, so a checkpoint holds three numbers and nothing else. A piece reads
 * none of what comes before it in its document: its positions begin at 0, and `starts` keeps attention inside.
 */
import type { Sample } from "./sample.ts";

/** What does not count in a loss, as in torch. */
const IGNORED = -100;

/** One row. Its arrays have the packer's length, without padding. */
export interface PackedRow {
  /** [length]: the ids that are read. */
  readonly tokens: Int32Array;
  /** [length]: the id that follows in the same document; -100 where its weight is 0. */
  readonly targets: Int32Array;
  /** [length]: weight of each target's loss. */
  readonly weights: Float32Array;
  /** [length]: place of each token in its piece. */
  readonly positions: Int32Array;
  /** [pieces + 1]: where each piece begins in the row, and the row's length. */
  readonly starts: Int32Array;
}

/** Where a packer stands: all that a checkpoint needs of it. */
export interface PackingState {
  /** Documents that were read to their end, or dropped. */
  readonly index: number;
  /** Tokens of document `index` that were read already. */
  readonly remainder: number;
}

/** How rows are made. */
export interface PackingOptions {
  /** Tokens of a row. */
  readonly length: number;
  /** A rest of a cut document with fewer tokens than this is dropped. 1 (if not given) keeps every rest. */
  readonly leastRest?: number;
}

/**
 * Makes rows from documents in the order of their numbers.
 * The last id of a document is only predicted, never read, so a document of n ids has n - 1 tokens; one with fewer than
 * two ids has none, and is passed over. A cut loses no prediction: the last token of a piece predicts the first of the rest.
 */
export class RowPacker {
  readonly #document: (index: number) => Sample;
  readonly #length: number;
  readonly #leastRest: number;
  #state: PackingState;

  /**
   * @param document the document of a number, always the same for the same number.
   * @throws RangeError for a length or a state that is not a whole number in its range.
   */
  constructor(
    document: (index: number) => Sample,
    { length, leastRest = 1 }: PackingOptions,
    state: PackingState = { index: 0, remainder: 0 },
  ) {
    if (!(Number.isSafeInteger(length) && length >= 1))
      throw new RangeError(`A row has at least one token, not ${length}.`);
    if (!(Number.isSafeInteger(leastRest) && leastRest >= 1))
      throw new RangeError(`The shortest rest that is kept has at least one token, not ${leastRest}.`);
    for (const [name, value] of [
      ["index", state.index],
      ["remainder", state.remainder],
    ] as const) {
      if (Number.isSafeInteger(value) && value >= 0) continue;
      throw new RangeError(`A packer's ${name} is a whole number from 0, not ${value}. Is the checkpoint whole?`);
    }
    this.#document = document;
    this.#length = length;
    this.#leastRest = leastRest;
    this.#state = state;
    const read = state.remainder > 0 ? tokensOf(document(state.index)) : 1;
    if (state.remainder >= read) {
      throw new RangeError(
        `${state.remainder} tokens of document ${state.index} were read, but it has ${read}. Are these the documents that the run began with?`,
      );
    }
  }

  /** Where it stands: the next row begins here. */
  get state(): PackingState {
    return this.#state;
  }

  /** The next row. @throws RangeError where a hundred thousand documents, one after the other, have no token. */
  next(): PackedRow {
    const length = this.#length;
    const row = { tokens: new Int32Array(length), targets: new Int32Array(length), positions: new Int32Array(length) };
    const weights = new Float32Array(length);
    const starts = [0];
    let { index, remainder } = this.#state;
    let empty = 0;
    for (let at = 0; at < length; ) {
      const { ids, weights: own } = this.#document(index);
      const taken = Math.min(ids.length - 1 - remainder, length - at);
      if (taken < 1) {
        if (++empty > 1e5)
          throw new RangeError("A hundred thousand documents, one after the other, have no token to read.");
        index++;
        continue;
      }
      empty = 0;
      for (let i = 0; i < taken; i++, at++) {
        const from = remainder + i;
        const weight = own[from + 1];
        row.tokens[at] = ids[from];
        row.targets[at] = weight === 0 ? IGNORED : ids[from + 1];
        row.positions[at] = i;
        weights[at] = weight;
      }
      starts.push(at);
      remainder += taken;
      if (ids.length - 1 - remainder < this.#leastRest) [index, remainder] = [index + 1, 0];
    }
    this.#state = { index, remainder };
    return { ...row, weights, starts: Int32Array.from(starts) };
  }
}

function tokensOf({ ids }: Sample): number {
  return Math.max(0, ids.length - 1);
}
