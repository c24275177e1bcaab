/**
 * The echo-KV model: a token's keys and values are its id and position, and the next token is a hash of all that is read
 * through the block table. A stale page, a wrong count, a lost or doubled token: each is another output, exactly.
 */
import type { Draw, PageMemory, Row, Runner, Sampled, StepBatch } from "../../src/serve/index.ts";

export const VOCABULARY = 1000;

/** The next token of a choice, behind all tokens so far. */
export function echo(tokens: readonly number[], choice = 0): number {
  return tokens.reduce((hash, token, position) => mix(hash, token, position), start(choice)) % VOCABULARY;
}

/** What a prompt gives alone: so many new tokens, or fewer if one of them stops it. */
export function echoed(prompt: readonly number[], count: number, choice = 0, stop?: ReadonlySet<number>): number[] {
  const tokens = [...prompt];
  while (tokens.length < prompt.length + count) {
    const next = echo(tokens, choice);
    if (stop?.has(next)) break;
    tokens.push(next);
  }
  return tokens.slice(prompt.length);
}

/** What a prompt's tokens are scored: the number and the alternatives are hashes of all tokens before. */
export function scored(prompt: readonly number[], top: number): Sampled[] {
  return prompt.map((token, i) => (i === 0 ? { token } : score(echo(prompt.slice(0, i), SCORE), token, top)));
}

/** A choice that no request has. */
const SCORE = -2;

function score(hash: number, token: number, top: number): Sampled {
  const at = (i: number) => ({ token: (hash + i) % VOCABULARY, logprob: -hash - i });
  return { token, logprob: -((hash * 7 + token) % VOCABULARY), top: Array.from({ length: top }, (_, i) => at(i)) };
}

function start(choice: number): number {
  return Math.imul(choice + 1, 0x9e3779b1) >>> 0;
}

function mix(hash: number, token: number, position: number): number {
  const mixed = Math.imul(hash ^ Math.imul(token + 1, 0x85ebca6b), 0x01000193) ^ Math.imul(position + 1, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** Runs the echo model over pages of its own. */
export class EchoRunner implements Runner {
  readonly positions: number;
  readonly vocabularySize = VOCABULARY;
  /** Tokens run so far. */
  ran = 0;
  readonly #pageSize: number;
  /** By slot: a token's id and position. */
  readonly #ids: Int32Array;
  readonly #positions: Int32Array;

  constructor(pages: number, pageSize: number, positions = 1 << 20) {
    this.positions = positions;
    this.#pageSize = pageSize;
    this.#ids = new Int32Array(pages * pageSize).fill(-1);
    this.#positions = new Int32Array(pages * pageSize).fill(-1);
  }

  async run({ copies, rows }: StepBatch): Promise<Sampled[][]> {
    for (const [from, to] of copies)
      for (const slots of [this.#ids, this.#positions])
        slots.copyWithin(to * this.#pageSize, from * this.#pageSize, (from + 1) * this.#pageSize);
    for (const row of rows) this.#write(row);
    return rows.map((row) => [...this.#score(row), ...row.draws.map((draw) => this.#draw(row, draw))]);
  }

  /** Its pages, which are read at once and given later. */
  get memory(): PageMemory {
    const [size, all] = [this.#pageSize, [this.#ids, this.#positions]];
    const page = (slots: Int32Array, number: number) => slots.subarray(number * size, (number + 1) * size);
    return {
      pageBytes: 8 * size,
      readPages: async (pages) =>
        pages.map((number) => new Uint8Array(Int32Array.from(all.flatMap((slots) => [...page(slots, number)])).buffer)),
      writePages: (pages, bytes) => {
        for (const [i, number] of pages.entries()) {
          const values = new Int32Array(bytes[i].slice().buffer);
          for (const [k, slots] of all.entries()) page(slots, number).set(values.subarray(k * size, (k + 1) * size));
        }
      },
    };
  }

  #write({ tokens, start, pages }: Row): void {
    for (const [i, token] of tokens.entries()) {
      const slot = this.#slot(pages, start + i);
      this.#ids[slot] = token;
      this.#positions[slot] = start + i;
    }
    this.ran += tokens.length;
  }

  #draw({ tokens, start: from, pages }: Row, { choice }: Draw): Sampled {
    return { token: this.#read(pages, from + tokens.length, choice) };
  }

  #score({ start: from, pages, scores }: Row): Sampled[] {
    if (!scores) return [];
    const { from: first, tokens, top } = scores;
    return tokens.map((token, i) => score(this.#read(pages, from + first + i + 1, SCORE), token, top));
  }

  /** What follows the first tokens of these pages. */
  #read(pages: readonly number[], count: number, choice: number): number {
    let hash = start(choice);
    for (let i = 0; i < count; i++) {
      const slot = this.#slot(pages, i);
      hash = mix(hash, this.#ids[slot], this.#positions[slot]);
    }
    return hash % VOCABULARY;
  }

  #slot(pages: readonly number[], position: number): number {
    return pages[Math.floor(position / this.#pageSize)] * this.#pageSize + (position % this.#pageSize);
  }
}
