/**
 * Where the ranks of a shared-memory job find each other: words in the node's memory.
 * Everything is in 32-bit words; lines of 16 words (64 bytes) keep writers apart.
 *
 *   header      one line
 *   ranks       three lines each: how to wake it, how it reports, which collective it started last
 *   tickets     TICKETS words a rank: acknowledgements of its sends
 *   rings       one ring of message slots for every ordered pair
 *   reports     REPORT_ROOM bytes a rank: what it was doing when the job failed
 */
import type { SharedMemory } from "../../platform/memory.ts";
import { cut } from "../../trace/text.ts";
import { type Answer, decodeAnswer, encodeAnswer, REPORT_ROOM } from "../health/answer.ts";

const LINE = 16;
const RANK = 3 * LINE;
export const SLOTS = 8;
export const TICKETS = 1024;
const RING = LINE + SLOTS * LINE;

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
const REPORT_VERSION = LINE + 3; // odd while its report is being written
/** Word of a ring, written by the receiver: messages taken. The sender's count is in the slots. */
export const TAKEN = 0;
/** Words of a slot. */
export const S_GROUP = 0;
export const S_CHANNEL = 1;
export const S_TAG = 2;
export const S_HASH = 3;
export const S_ADDRESS = 4;
export const S_BYTES = 5;
export const S_TICKET = 6;
export const S_COUNT = 7; // stored last: the message's number in its ring, from 1

export class ShmLayout {
  readonly size: number;
  readonly words: Int32Array;
  readonly #reports: Uint8Array;
  readonly #tickets: number;
  readonly #rings: number;

  /** Bytes of control memory for a job. */
  static bytes(size: number): number {
    return 4 * (LINE + size * (RANK + TICKETS) + size * size * RING) + size * REPORT_ROOM;
  }

  /** @param address zeroed memory of `ShmLayout.bytes(size)` bytes. */
  constructor(memory: SharedMemory, address: number, size: number) {
    this.size = size;
    this.#tickets = LINE + size * RANK;
    this.#rings = this.#tickets + size * TICKETS;
    const words = this.#rings + size * size * RING;
    this.words = memory.words(address, words);
    this.#reports = new Uint8Array(memory.wasm.buffer, address + 4 * words, size * REPORT_ROOM);
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
    return ring + LINE + (position & (SLOTS - 1)) * LINE;
  }

  /** Stores a rank's report in place of its last one. */
  writeReport(rank: number, answer: Answer): void {
    const bytes = encodeAnswer(answer);
    Atomics.add(this.words, this.rank(rank) + REPORT_VERSION, 1);
    this.#reports.set(bytes, rank * REPORT_ROOM);
    Atomics.store(this.words, this.rank(rank) + REPORT_BYTES, bytes.length);
    Atomics.add(this.words, this.rank(rank) + REPORT_VERSION, 1);
  }

  /** A rank's report; undefined if it has written none yet, or is writing one now. @throws Error for nonsense. */
  readReport(rank: number): Answer | undefined {
    const version = Atomics.load(this.words, this.rank(rank) + REPORT_VERSION);
    const length = Atomics.load(this.words, this.rank(rank) + REPORT_BYTES);
    const bytes = this.#reports.slice(rank * REPORT_ROOM, rank * REPORT_ROOM + length);
    const torn = Atomics.load(this.words, this.rank(rank) + REPORT_VERSION) !== version;
    return length === 0 || torn || version & 1 ? undefined : decodeAnswer(bytes, rank);
  }

  /** Speaks for a rank whose thread is gone: ends the job. @param what it did: `called process.exit(1)`. */
  announceLoss(rank: number, what: string): void {
    const detail = cut(what, 1500);
    const report = { rank, state: "failed", error: detail, pending: [], recent: [], moves: 0 } as const;
    // Its thread may have ended in the middle of a report: one that is whole takes its place.
    Atomics.and(this.words, this.rank(rank) + REPORT_VERSION, ~1);
    this.writeReport(rank, { report, failure: { kind: "lost", by: rank, detail } });
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
