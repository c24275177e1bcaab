/**
 * The segment pool: hands out runs of 256 KiB units of the node's shared memory to its
 * ranks, each within its quota. The table of owners lives in the memory itself, behind a
 * lock, so that any thread can take and return segments without asking another one.
 * A rank's allocator (allocator.ts) cuts its segments into blocks.
 */
import { PAGE, type SharedMemory } from "../../platform/memory.ts";

/** Bytes of the smallest segment. */
export const UNIT = 4 * PAGE;

// Unit 0 holds this table; nothing else lives below address UNIT, so a zero pointer is never valid.
const LOCK = 1024 / 4;
/** Bytes that the memory has grown to, in pages; on a line of its own, since every kernel looks at it. */
const PAGES = LOCK + 16;
const OWNERS = 4096; // one byte pair per unit: 0 free, else owner + 1
const NOBODY = 0;

export class SegmentPool {
  readonly memory: SharedMemory;
  readonly #units: number;
  readonly #control: Int32Array;
  readonly #owners: Uint16Array;
  /** Pages that this thread knows of. */
  #pages = 0;

  constructor(memory: SharedMemory) {
    this.memory = memory;
    this.#units = Math.floor(memory.limit / UNIT) - 1; // the last address must stay below 2^32
    this.#control = memory.words(0, OWNERS / 4);
    this.#owners = new Uint16Array(memory.buffer(), OWNERS, Math.max(1, this.#units));
  }

  /** Bytes that nobody owns, whether or not the memory has grown to them yet. */
  get free(): number {
    return this.#locked(() => {
      let count = 0;
      for (let unit = 1; unit < this.#units; unit++) if (this.#owners[unit] === NOBODY) count++;
      return count * UNIT;
    });
  }

  /**
   * Takes a run of units; new memory is zero, returned memory is as its last owner left it.
   * @param owner who asks, 0 to 65534.
   * @returns the address, or 0 when there is no such run or the system refuses to grow.
   */
  take(owner: number, bytes: number): number {
    const count = Math.ceil(bytes / UNIT);
    return this.#locked(() => {
      const first = this.#findRun(count);
      if (first === 0 || !this.#growTo((first + count) * UNIT)) return 0;
      this.#owners.fill(owner + 1, first, first + count);
      return first * UNIT;
    });
  }

  /** Lets this thread see memory that another one took: before it touches what it was told of. */
  settle(): void {
    const pages = Atomics.load(this.#control, PAGES);
    if (pages === this.#pages) return;
    this.#pages = pages;
    this.memory.look();
  }

  /** Takes a run of units that something cannot do without. @param what it is for. @throws Error when there is no room. */
  need(owner: number, bytes: number, what: string): number {
    const address = this.take(owner, bytes);
    if (address === 0) throw new Error(`No room for ${what}; give the job more memory.`);
    return address;
  }

  /** The same, all zero whoever had it before. */
  needZeroed(owner: number, bytes: number, what: string): number {
    const address = this.need(owner, bytes, what);
    this.memory.bytes(address + bytes).fill(0, address, address + bytes);
    return address;
  }

  /** Gives a segment back. */
  give(address: number, bytes: number): void {
    const first = address / UNIT;
    this.#locked(() => this.#owners.fill(NOBODY, first, first + Math.ceil(bytes / UNIT)));
  }

  /** Gives back everything that `owner` holds. */
  giveAll(owner: number): void {
    this.#locked(() => {
      for (let unit = 1; unit < this.#units; unit++) {
        if (this.#owners[unit] === owner + 1) this.#owners[unit] = NOBODY;
      }
    });
  }

  #findRun(count: number): number {
    let length = 0;
    for (let unit = 1; unit < this.#units; unit++) {
      length = this.#owners[unit] === NOBODY ? length + 1 : 0;
      if (length === count) return unit - count + 1;
    }
    return 0;
  }

  #growTo(end: number): boolean {
    const { wasm } = this.memory;
    const have = this.memory.buffer(end).byteLength;
    if (end <= have) return true;
    try {
      wasm.grow(Math.ceil((end - have) / PAGE));
      Atomics.store(this.#control, PAGES, wasm.buffer.byteLength / PAGE);
      return true;
    } catch {
      return false;
    }
  }

  /** The critical sections are microseconds long, so waiting is spinning. */
  #locked<T>(body: () => T): T {
    while (Atomics.compareExchange(this.#control, LOCK, 0, 1) !== 0);
    try {
      return body();
    } finally {
      Atomics.store(this.#control, LOCK, 0);
    }
  }
}
