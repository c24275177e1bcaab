/**
 * The queue between a host and the thread that is its stream: a ring of commands in
 * shared memory, one producer, one consumer, and the words that each sleeps on.
 *
 * Positions count commands from the stream's start and wrap at 2^32; they are compared by
 * their difference only. Three rules keep every wake-up:
 *   - only the consumer sets and clears its sleep flag; a producer publishes, then looks at it;
 *   - whoever waits for a position arms a slot of its own and looks once more before it sleeps;
 *   - the consumer publishes its position, then fires the armed slots that it has reached.
 * A slot may fire for an older target than the one it holds by now: waiters look again.
 */
import type { SharedMemory } from "../../platform/memory.ts";

/** Commands that fit. */
export const CAPACITY = 512;
/** Doubles of a command: what it is, how many arguments, the arguments. */
const WIDTH = 32;
const MOST_ARGUMENTS = WIDTH - 2;

/** Commands that are no kernels. */
export const WAIT_STREAM = -1;
export const WAIT_FLAG = -2;
export const GRAPH = -3;
export const STOP = -4;
export const REPORT = -5;

// Words of the control block; those that different threads write lie on different cache lines.
const HEAD = 0;
const SLEEPING = 16;
const TAIL = 32;
const STATUS = 33;
const FAILED_AT = 34;
const TEXT_LENGTH = 35;
// Written by the host.
const HOST_AWAITS = 48;
const WAITERS = 64;
const WAITER = 16;
const ARMED = 0;
const TARGET = 1;
/** Slots of waiters: the host's awaits, its blocking waits, its communication stream, then other streams by number. */
export const HOST = 0;
export const HOST_BLOCKED = 1;
export const COMMUNICATION = 2;
export const STREAMS = 3;
/** Most streams of a device. */
export const MAX_STREAMS = 8;
const WORDS = WAITERS + (STREAMS + MAX_STREAMS) * WAITER;
const TEXT = WORDS * 4;
const TEXT_BYTES = 1024;
const COMMANDS = TEXT + TEXT_BYTES;

/** Bytes of shared memory that a stream needs. */
export const STREAM_BYTES = COMMANDS + CAPACITY * WIDTH * 8;

export class CommandRing {
  readonly address: number;
  readonly words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #text: Uint8Array;

  /** @param address of STREAM_BYTES of zeroed memory, a multiple of 8. */
  constructor(memory: SharedMemory, address: number) {
    const buffer = memory.buffer(address + STREAM_BYTES);
    this.address = address;
    this.words = memory.words(address, WORDS);
    this.#doubles = new Float64Array(buffer, address + COMMANDS, CAPACITY * WIDTH);
    this.#text = new Uint8Array(buffer, address + TEXT, TEXT_BYTES);
  }

  /** Lets both sides begin at a position other than 0. */
  startAt(position: number): void {
    Atomics.store(this.words, HEAD, position);
    Atomics.store(this.words, TAIL, position);
  }

  /** Position that the consumer has reached, as 32 bits. */
  get tail(): number {
    return Atomics.load(this.words, TAIL);
  }

  /** Position up to which commands are published, as 32 bits. */
  get head(): number {
    return Atomics.load(this.words, HEAD);
  }

  /** Whether the host can only go on when this stream has come somewhere; for whoever judges deadlocks. */
  get hostAwaits(): boolean {
    return Atomics.load(this.words, HOST_AWAITS) !== 0;
  }

  set hostAwaits(awaits: boolean) {
    Atomics.store(this.words, HOST_AWAITS, awaits ? 1 : 0);
  }

  /** Whether a command has failed; see `failure`. */
  get failed(): boolean {
    return Atomics.load(this.words, STATUS) !== 0;
  }

  /** Producer: writes the command at `position`, which the consumer must have left, and publishes it. */
  push(position: number, code: number, args: readonly number[]): void {
    if (args.length > MOST_ARGUMENTS) throw new RangeError(`A command takes at most ${MOST_ARGUMENTS} arguments.`);
    const at = (position & (CAPACITY - 1)) * WIDTH;
    this.#doubles[at] = code;
    this.#doubles[at + 1] = args.length;
    for (let i = 0; i < args.length; i++) this.#doubles[at + 2 + i] = args[i];
    Atomics.store(this.words, HEAD, (position + 1) | 0);
    if (Atomics.load(this.words, SLEEPING) !== 0) Atomics.notify(this.words, HEAD);
  }

  /** Consumer: the command at a position. @param args gets its arguments. @returns its code. */
  read(position: number, args: number[]): number {
    const at = (position & (CAPACITY - 1)) * WIDTH;
    args.length = this.#doubles[at + 1];
    for (let i = 0; i < args.length; i++) args[i] = this.#doubles[at + 2 + i];
    return this.#doubles[at];
  }

  /** Consumer: waits until something lies beyond `position`. @param spins looks before it sleeps. */
  awaitCommand(position: number, spins: number): void {
    const { words } = this;
    for (let i = 0; i < spins; i++) if (Atomics.load(words, HEAD) !== position) return;
    Atomics.store(words, SLEEPING, 1);
    while (Atomics.load(words, HEAD) === position) Atomics.wait(words, HEAD, position);
    Atomics.store(words, SLEEPING, 0);
  }

  /** Consumer: everything before `position` has run. */
  retire(position: number): void {
    const { words } = this;
    Atomics.store(words, TAIL, position);
    for (let slot = WAITERS; slot < WORDS; slot += WAITER) {
      if (Atomics.load(words, slot + ARMED) === 1 && ((position - words[slot + TARGET]) | 0) >= 0) this.#fire(slot);
    }
  }

  #fire(slot: number): void {
    const { words } = this;
    if (Atomics.compareExchange(words, slot + ARMED, 1, 0) === 1) Atomics.notify(words, slot + ARMED);
  }

  /** Whether the consumer has reached a position less than 2^31 away. */
  reached(position: number): boolean {
    return ((this.tail - position) | 0) >= 0;
  }

  /** Waiter: blocks until `position` is reached. Only one thread may use a slot. */
  block(slot: number, position: number, spins: number): void {
    for (let i = 0; i < spins; i++) if (this.reached(position)) return;
    while (this.arm(slot, position)) Atomics.wait(this.words, WAITERS + slot * WAITER + ARMED, 1);
  }

  /** Waiter: a promise for the next time the slot fires; undefined when `position` is reached already. */
  watch(slot: number, position: number): Promise<unknown> | undefined {
    if (!this.arm(slot, position)) return undefined;
    const sleep = Atomics.waitAsync(this.words, WAITERS + slot * WAITER + ARMED, 1);
    return sleep.async ? sleep.value : Promise.resolve();
  }

  /**
   * Waiter: arms a slot, which wakes whoever sleeps on it from an earlier call if there is nothing to wait for.
   * @returns false when the position is reached already, and nothing is armed.
   */
  arm(slot: number, position: number): boolean {
    const { words } = this;
    const at = WAITERS + slot * WAITER;
    Atomics.store(words, at + ARMED, 0); // not while the target changes
    words[at + TARGET] = position;
    Atomics.store(words, at + ARMED, 1);
    if (!this.reached(position)) return true;
    this.#fire(at); // the consumer may have passed while the slot was down
    return false;
  }

  /** Consumer: keeps the first failure. */
  fail(position: number, text: string): void {
    if (this.failed) return;
    const bytes = new TextEncoder().encode(text).subarray(0, TEXT_BYTES);
    this.#text.set(bytes);
    this.words[TEXT_LENGTH] = bytes.length;
    this.words[FAILED_AT] = position;
    Atomics.store(this.words, STATUS, 1);
  }

  /** What failed, and the position of its command. */
  failure(): { position: number; text: string } {
    const text = new TextDecoder().decode(this.#text.slice(0, this.words[TEXT_LENGTH]));
    return { position: this.words[FAILED_AT], text };
  }
}
