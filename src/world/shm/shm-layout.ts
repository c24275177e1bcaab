/**
 * Where the ranks of a shared-memory job find each other: words in the job's memory.
 * Everything is in 32-bit words; lines of 16 words (64 bytes) keep writers apart.
 *
 *   header      one line
 *   ranks       two lines each: how to wake it, which collective it started last
 *   tickets     TICKETS words for each rank: acknowledgements of its sends
 *   rings       one ring of message slots for every ordered pair
 *   verdict     why the job failed, for all
 */
import type { SharedMemory } from "../../platform/memory.ts";
import { cut } from "../../trace/text.ts";
import type { FromMonitor } from "../health/road.ts";

const LINE = 16;
const RANK = 2 * LINE;
export const SLOTS = 8;
export const TICKETS = 1024;
const RING = LINE + SLOTS * LINE;

/** Header words. */
export const NEXT_ID = 0; // last group id given out
const SAID = 1; // what the job's monitor has said last: NOTHING, ACCOUNT or VERDICT
const VERDICT_BYTES = 2; // length of the verdict
/** What the monitor can have said. */
const NOTHING = 0;
const ACCOUNT = 1;
const VERDICT = 2;
/** Most characters of a verdict, and bytes that they take at most. */
const LONGEST_VERDICT = 20_000;
const VERDICT_ROOM = 3 * (LONGEST_VERDICT + 64);
/** Words of a rank. */
export const ASLEEP = 0; // 1 while it sleeps, or is about to
export const BELL = 1; // counts wake-ups
export const STATE = 2; // 0 running, 1 finished, 2 failed
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
  readonly #verdict: Uint8Array;
  readonly #tickets: number;
  readonly #rings: number;

  /** Bytes of control memory for a job. */
  static bytes(size: number): number {
    return 4 * (LINE + size * (RANK + TICKETS) + size * size * RING) + VERDICT_ROOM;
  }

  /** @param address zeroed memory of `ShmLayout.bytes(size)` bytes. */
  constructor(memory: SharedMemory, address: number, size: number) {
    this.size = size;
    this.#tickets = LINE + size * RANK;
    this.#rings = this.#tickets + size * TICKETS;
    const words = this.#rings + size * size * RING;
    this.words = memory.words(address, words);
    this.#verdict = new Uint8Array(
      memory.buffer(address + 4 * words + VERDICT_ROOM),
      address + 4 * words,
      VERDICT_ROOM,
    );
  }

  rank(rank: number): number {
    return LINE + rank * RANK;
  }

  /** The line where a rank says which collective it started last. */
  announced(rank: number): number {
    return this.rank(rank) + LINE;
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

  /** The job's monitor says something to a rank, and to all: nobody hears another verdict. */
  tell(rank: number, message: FromMonitor): void {
    if (message.type === "account") Atomics.compareExchange(this.words, SAID, NOTHING, ACCOUNT);
    else if (this.said !== VERDICT) {
      const bytes = new TextEncoder().encode(cut(message.message, LONGEST_VERDICT));
      this.#verdict.set(bytes);
      this.words[VERDICT_BYTES] = bytes.length;
      Atomics.store(this.words, SAID, VERDICT);
    }
    this.wake(rank);
  }

  /** Differs from 0 once the monitor has said something, and changes when it says more. */
  get said(): number {
    return Atomics.load(this.words, SAID);
  }

  /** What the monitor has said last; undefined before. */
  heard(): FromMonitor | undefined {
    const { said } = this;
    if (said === ACCOUNT) return { type: "account" };
    if (said === NOTHING) return undefined;
    return { type: "verdict", message: new TextDecoder().decode(this.#verdict.slice(0, this.words[VERDICT_BYTES])) };
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
