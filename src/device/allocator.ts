/**
 * A caching allocator in the manner of PyTorch's CUDA allocator: it takes large segments
 * from the pool, cuts blocks from them (best fit), joins neighbours when they are freed,
 * and keeps the segments for next time. Every byte is counted under its tag.
 */
import { Buffer, type Tag } from "./buffer.ts";
import { formatBytes } from "./dtype.ts";
import { type SegmentPool, UNIT } from "./segments.ts";

/** Blocks start on cache lines and their sizes are multiples of one. */
const LINE = 64;
const SMALL = 64 * 1024;
const MEDIUM = 2 * 1024 * 1024;
const MEDIUM_SEGMENT = 4 * 1024 * 1024;

/** Bytes in blocks handed out, now and at the highest point. */
export interface Usage {
  current: number;
  peak: number;
}

export interface MemoryStats {
  /** Bytes in use, rounded to blocks. */
  readonly allocated: Usage;
  /** Bytes taken from the pool, in use or cached. */
  readonly reserved: Usage;
  readonly byTag: Readonly<Partial<Record<Tag, Usage>>>;
  /** Buffers handed out since the start. */
  readonly allocations: number;
}

interface Block {
  address: number;
  bytes: number;
  free: boolean;
  before: Block | null;
  after: Block | null;
}

/** Thrown when neither the cache nor the pool can serve a request. */
export class OutOfMemoryError extends Error {
  override readonly name = "OutOfMemoryError";
}

export class Allocator {
  readonly #pool: SegmentPool;
  readonly #owner: number;
  readonly #quota: number;
  /** Free blocks, smallest first. */
  readonly #free: Block[] = [];
  readonly #stats = {
    allocated: { current: 0, peak: 0 },
    reserved: { current: 0, peak: 0 },
    byTag: {} as Partial<Record<Tag, Usage>>,
    allocations: 0,
  };

  /** @param owner rank number for the pool; @param quota bytes this allocator may reserve. */
  constructor(pool: SegmentPool, owner: number, quota: number) {
    this.#pool = pool;
    this.#owner = owner;
    this.#quota = quota;
  }

  /**
   * @param bytes zero or more; the content is undefined.
   * @throws OutOfMemoryError naming what was asked, what is free, and the largest users.
   */
  alloc(bytes: number, tag: Tag): Buffer {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new RangeError(`A buffer of ${bytes} bytes was asked for; the size must be a whole number from 0.`);
    }
    const size = Math.max(LINE, Math.ceil(bytes / LINE) * LINE);
    const block = this.#take(size) ?? this.#refill(size);
    if (!block) throw this.#outOfMemory(bytes, tag);
    this.#split(block, size);
    block.free = false;
    this.#count(tag, block.bytes);
    this.#stats.allocations++;
    return new Buffer(block.address, bytes, tag, () => {
      this.#count(tag, -block.bytes);
      this.#release(block);
    });
  }

  stats(): MemoryStats {
    return structuredClone(this.#stats);
  }

  /** Starts the peaks afresh from the current use. */
  resetPeaks(): void {
    for (const usage of [this.#stats.allocated, this.#stats.reserved, ...Object.values(this.#stats.byTag)]) {
      usage.peak = usage.current;
    }
  }

  /** Returns wholly free segments to the pool. */
  emptyCache(): void {
    for (const block of this.#free.filter((b) => !b.before && !b.after)) {
      this.#unlist(block);
      this.#pool.give(block.address, block.bytes);
      this.#reserve(-block.bytes);
    }
  }

  /** Returns everything to the pool; buffers still out are dead. */
  close(): void {
    this.#free.length = 0;
    this.#pool.giveAll(this.#owner);
  }

  #take(size: number): Block | undefined {
    const at = this.#position(size);
    return at < this.#free.length ? this.#free.splice(at, 1)[0] : undefined;
  }

  /** A new segment, as one free block; the cache is emptied if that makes room. */
  #refill(size: number): Block | undefined {
    const generous = size <= SMALL ? UNIT : size <= MEDIUM ? MEDIUM_SEGMENT : size;
    for (const wanted of [generous, size]) {
      const block = this.#segment(Math.ceil(wanted / UNIT) * UNIT);
      if (block) return block;
      this.emptyCache();
    }
    return this.#segment(Math.ceil(size / UNIT) * UNIT);
  }

  #segment(bytes: number): Block | undefined {
    if (this.#stats.reserved.current + bytes > this.#quota) return undefined;
    const address = this.#pool.take(this.#owner, bytes);
    if (address === 0) return undefined;
    this.#reserve(bytes);
    return { address, bytes, free: true, before: null, after: null };
  }

  /** Cuts the tail off a block that is larger than needed. */
  #split(block: Block, size: number): void {
    const rest = block.bytes - size;
    if (rest < LINE) return;
    const tail: Block = { address: block.address + size, bytes: rest, free: true, before: block, after: block.after };
    if (block.after) block.after.before = tail;
    block.after = tail;
    block.bytes = size;
    this.#list(tail);
  }

  #release(block: Block): void {
    block.free = true;
    const { after, before } = block;
    if (after?.free) {
      this.#unlist(after);
      this.#join(block, after);
    }
    if (before?.free) {
      this.#unlist(before);
      this.#join(before, block);
      this.#list(before);
    } else this.#list(block);
  }

  #join(left: Block, right: Block): void {
    left.bytes += right.bytes;
    left.after = right.after;
    if (right.after) right.after.before = left;
  }

  /** First index in the free list whose block has at least `size` bytes. */
  #position(size: number): number {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#free[middle].bytes < size) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #list(block: Block): void {
    this.#free.splice(this.#position(block.bytes), 0, block);
  }

  #unlist(block: Block): void {
    this.#free.splice(this.#free.indexOf(block, this.#position(block.bytes)), 1);
  }

  #count(tag: Tag, bytes: number): void {
    this.#stats.byTag[tag] ??= { current: 0, peak: 0 };
    bump(this.#stats.byTag[tag], bytes);
    bump(this.#stats.allocated, bytes);
  }

  #reserve(bytes: number): void {
    bump(this.#stats.reserved, bytes);
  }

  #outOfMemory(bytes: number, tag: Tag): OutOfMemoryError {
    const { allocated, reserved, byTag } = this.#stats;
    const cached = reserved.current - allocated.current;
    const room = Math.min(this.#quota - reserved.current, this.#pool.free);
    const largest = Math.max(this.#free.at(-1)?.bytes ?? 0, 0);
    const users = Object.entries(byTag)
      .filter(([, usage]) => usage.current > 0)
      .sort(([, a], [, b]) => b.current - a.current)
      .slice(0, 3)
      .map(([name, usage]) => `${name} ${formatBytes(usage.current)}`);
    return new OutOfMemoryError(
      `Out of device memory: asked for ${formatBytes(bytes)} (${tag}), but of the quota of ${formatBytes(this.#quota)} ` +
        `${formatBytes(allocated.current)} are in use${users.length ? ` (${users.join(", ")})` : ""}, ` +
        `${formatBytes(cached)} are cached (largest free block ${formatBytes(largest)}) and ` +
        `${formatBytes(Math.max(0, room))} can still be reserved. Free tensors sooner (using, device.scope) or use smaller ones.`,
    );
  }
}

function bump(usage: Usage, bytes: number): void {
  usage.current += bytes;
  if (usage.current > usage.peak) usage.peak = usage.current;
}
