/**
 * Where the ranks of a shared-memory job find each other: words in the node's memory.
 * Everything is in 32-bit words; lines of 16 words (64 bytes) keep writers apart.
 *
 *   header      one line
 *   ranks       three lines each: how to wake it, how it reports, which collective it started last
 *   tickets     TICKETS words a rank: acknowledgements of its sends
 *   rings       one ring of message slots for every ordered pair
 *   reports     REPORT bytes a rank: what it was doing when the job failed
 */
import type { SharedMemory } from "../../platform/memory.ts";

const LINE = 16;
const RANK = 3 * LINE;
export const SLOTS = 8;
export const TICKETS = 1024;
const RING = 2 * LINE + SLOTS * LINE;
export const REPORT = 32 * 1024;

/** Header words. */
export const ABORT = 0; // 0, or 1 + the rank whose failure ends the job
export const NEXT_ID = 1; // last group id given out
/** Words of a rank. */
export const ASLEEP = 0; // 1 while it sleeps, or is about to
export const BELL = 1; // counts wake-ups
export const STATE = 2; // 0 running, 1 finished, 2 failed
export const MOVES = LINE; // its engine's count of moves when it fell asleep
export const REPORT_BYTES = LINE + 1; // length of its report
export const ANSWERED = LINE + 2; // 1 once its report for a failure is in place
/** Words of a ring: sent is the sender's, taken the receiver's. */
export const SENT = 0;
export const TAKEN = LINE;
/** Words of a slot. */
export const S_GROUP = 0;
export const S_CHANNEL = 1;
export const S_TAG = 2;
export const S_HASH = 3;
export const S_ADDRESS = 4;
export const S_BYTES = 5;
export const S_TICKET = 6;

export class ShmLayout {
  readonly size: number;
  readonly words: Int32Array;
  readonly #reports: Uint8Array;
  readonly #tickets: number;
  readonly #rings: number;

  /** Bytes of control memory for a job. */
  static bytes(size: number): number {
    return 4 * (LINE + size * (RANK + TICKETS) + size * size * RING) + size * REPORT;
  }

  /** @param address zeroed memory of `ShmLayout.bytes(size)` bytes. */
  constructor(memory: SharedMemory, address: number, size: number) {
    this.size = size;
    this.#tickets = LINE + size * RANK;
    this.#rings = this.#tickets + size * TICKETS;
    const words = this.#rings + size * size * RING;
    this.words = memory.words(address, words);
    this.#reports = new Uint8Array(memory.wasm.buffer, address + 4 * words, size * REPORT);
  }

  rank(rank: number): number {
    return LINE + rank * RANK;
  }

  /** The line where a rank says which collective it started last. */
  announced(rank: number): number {
    return this.rank(rank) + 2 * LINE;
  }

  ticket(rank: number, ticket: number): number {
    return this.#tickets + rank * TICKETS + ticket;
  }

  ring(from: number, to: number): number {
    return this.#rings + (from * this.size + to) * RING;
  }

  slot(ring: number, position: number): number {
    return ring + 2 * LINE + (position & (SLOTS - 1)) * LINE;
  }

  /** Stores a rank's report, cut off where its room ends. */
  writeReport(rank: number, text: string): void {
    const bytes = new TextEncoder().encode(text).subarray(0, REPORT);
    this.#reports.set(bytes, rank * REPORT);
    Atomics.store(this.words, this.rank(rank) + REPORT_BYTES, bytes.length);
  }

  /** A rank's report, empty if it has written none. */
  readReport(rank: number): string {
    const length = Atomics.load(this.words, this.rank(rank) + REPORT_BYTES);
    return new TextDecoder().decode(this.#reports.slice(rank * REPORT, rank * REPORT + length));
  }

  /** Speaks for a rank whose thread is gone: ends the job with the reason. */
  announceLoss(rank: number, reason: string): void {
    const report = { rank, state: "failed", error: reason, pending: [], recent: [], moves: 0 };
    this.writeReport(rank, JSON.stringify({ report, failure: { kind: "threw", by: rank, detail: reason } }));
    Atomics.store(this.words, this.rank(rank) + ANSWERED, 1);
    Atomics.store(this.words, this.rank(rank) + STATE, 2);
    Atomics.compareExchange(this.words, ABORT, 0, rank + 1);
    this.wakeAll();
  }

  /** Ends the job because its ranks can never go on, as somebody says who is none of them. */
  announceStuck(): void {
    Atomics.compareExchange(this.words, ABORT, 0, this.size + 1);
    this.wakeAll();
  }

  /** Makes a sleeping rank look again. Call after the change it should see. */
  wake(rank: number): void {
    const at = this.rank(rank);
    if (Atomics.load(this.words, at + ASLEEP) === 0) return;
    Atomics.add(this.words, at + BELL, 1);
    Atomics.notify(this.words, at + BELL);
  }

  wakeAll(): void {
    for (let rank = 0; rank < this.size; rank++) this.wake(rank);
  }
}
