/**
 * Buffers that one device lends another of the same memory: weights that a trainer and an
 * engine share, for one. A word in that memory says how far the loan has come, so that the
 * owner's memory is not used again before the borrower is done with it.
 */
import type { SharedMemory } from "../../platform/memory.ts";
import type { Completion } from "../streams/completion.ts";

/** A buffer on its way to another device: plain numbers, to be sent as they are. Each is imported once. */
export interface Exported {
  readonly address: number;
  readonly bytes: number;
  /** Byte address of the loan's word. */
  readonly word: number;
}

const OVER = 0;
const OFFERED = 1;
const TAKEN = 2;

/** The owner's view of a loan: done when the borrower has released the buffer. */
export class Loan implements Completion {
  readonly #word: Int32Array;

  /** @param word address of a word that nobody else uses. */
  constructor(memory: SharedMemory, word: number) {
    this.#word = memory.words(word, 1);
    Atomics.store(this.#word, 0, OFFERED);
  }

  get done(): boolean {
    return Atomics.load(this.#word, 0) === OVER;
  }
}

/** Borrower: takes what was exported. @returns how to give it back. @throws Error when somebody else has it. */
export function takeLoan(memory: SharedMemory, { word, bytes }: Exported): () => void {
  memory.bytes(word + 4);
  const at = memory.words(word, 1);
  if (Atomics.compareExchange(at, 0, OFFERED, TAKEN) !== OFFERED) {
    throw new Error(`An exported buffer of ${bytes} bytes was imported before. Export it once for each import.`);
  }
  return () => void Atomics.store(at, 0, OVER);
}
