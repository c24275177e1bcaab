/**
 * Bytes from one thread to another: a ring in shared memory with one writer and one reader.
 *
 * Either side may ask to be told when the other has moved. It asks first and looks again
 * afterwards; the other one moves first and then looks whether it was asked. Either the look
 * finds what has moved, or the other side finds the question.
 */

/** Bytes that fit: a power of two. */
const CAPACITY = 256 * 1024;
// Words of the head; those that different threads write lie on different cache lines.
const WRITTEN = 0;
const READ = 16;
/** Who asks: whoever waits for bytes, and whoever waits for room. */
export const READER = 32;
export const WRITER = 48;
const HEAD = 64 * 4;

export class ByteRing {
  /** Bytes of shared memory that a ring needs. */
  static readonly bytes = HEAD + CAPACITY;
  readonly #words: Int32Array;
  readonly #data: Uint8Array;

  /** @param offset of the ring, a multiple of 4. The memory is zero at first. */
  constructor(memory: SharedArrayBuffer, offset: number) {
    this.#words = new Int32Array(memory, offset, HEAD / 4);
    this.#data = new Uint8Array(memory, offset + HEAD, CAPACITY);
  }

  /** Bytes to be read. Positions count bytes from the start and wrap at 2^32. */
  get length(): number {
    return (Atomics.load(this.#words, WRITTEN) - Atomics.load(this.#words, READ)) >>> 0;
  }

  /** @returns bytes taken from the source: as many as there is room for. */
  write(source: Uint8Array): number {
    const count = Math.min(source.length, CAPACITY - this.length);
    const from = Atomics.load(this.#words, WRITTEN) & (CAPACITY - 1);
    const first = Math.min(count, CAPACITY - from);
    this.#data.set(source.subarray(0, first), from);
    this.#data.set(source.subarray(first, count), 0);
    Atomics.add(this.#words, WRITTEN, count);
    return count;
  }

  /** @returns bytes put into the target: as many as there are. */
  read(target: Uint8Array): number {
    const count = Math.min(target.length, this.length);
    const from = Atomics.load(this.#words, READ) & (CAPACITY - 1);
    const first = Math.min(count, CAPACITY - from);
    target.set(this.#data.subarray(from, from + first), 0);
    target.set(this.#data.subarray(0, count - first), first);
    Atomics.add(this.#words, READ, count);
    return count;
  }

  /** Asks to be told of the other side's next move. Look again afterwards. */
  ask(who: typeof READER | typeof WRITER): void {
    Atomics.store(this.#words, who, 1);
  }

  /** Whether the other side has asked, once for each time. Move before. */
  wasAsked(who: typeof READER | typeof WRITER): boolean {
    return Atomics.load(this.#words, who) !== 0 && Atomics.exchange(this.#words, who, 0) !== 0;
  }
}
