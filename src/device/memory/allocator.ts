/**
 * A caching allocator in the manner of PyTorch's CUDA allocator: it takes large segments
 * from the pool, cuts blocks from them (best fit), joins neighbours when they are freed,
 * and keeps the segments for next time. Every byte is counted under its tag.
 *
 * Blocks have a home: the stream (or graph) that they were allocated for. A freed block may be
 * handed out at once to the same home, because a stream runs its commands in order; while a
 * buffer is in use elsewhere, its block waits until that use is done.
 */

import { formatBytes } from "../dtype.ts";
import type { Blockable, Completion } from "../streams/completion.ts";
import { type Block, isSegment, LINE, release, split, take, unlist } from "./blocks.ts";
import { Buffer, type Home, type Tag } from "./buffer.ts";
import { type SegmentPool, UNIT } from "./segments.ts";

const SMALL = 64 * 1024;
const MEDIUM = 2 * 1024 * 1024;
const MEDIUM_SEGMENT = 4 * 1024 * 1024;

/** Bytes in blocks handed out, now and at the highest point. */
export interface Usage {
  current: number;
  peak: number;
}

/** What a device's memory is used for, in bytes. */
export interface MemoryStats {
  /** Bytes in use, rounded to blocks. */
  readonly allocated: Usage;
  /** Bytes taken from the pool, in use or cached. */
  readonly reserved: Usage;
  readonly byTag: Readonly<Partial<Record<Tag, Usage>>>;
  /** Buffers handed out since the start. */
  readonly allocations: number;
}

/** Memory that was freed while somebody outside its home used it. */
interface Busy {
  readonly uses: readonly Completion[];
  readonly free: () => void;
}

/** Thrown when neither the cache nor the pool can serve a request. */
export class OutOfMemoryError extends Error {
  override readonly name = "OutOfMemoryError";
  #operation: string | undefined;

  /** What needed the memory; the innermost that says so counts. */
  during(operation: string): this {
    if (this.#operation === undefined) this.message += ` It was needed for ${operation}.`;
    this.#operation ??= operation;
    return this;
  }
}

export class Allocator {
  readonly #pool: SegmentPool;
  readonly #owner: number;
  readonly #quota: number;
  /** Free blocks by home. */
  readonly #homes = new Map<Home, Block[]>();
  readonly #busy: Busy[] = [];
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
   * @param home whose commands will use the buffer; nobody else's if not given.
   * @throws OutOfMemoryError naming what was asked, what is free, and the largest users.
   */
  alloc(bytes: number, tag: Tag, home: Home = this): Buffer {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new RangeError(`A buffer of ${bytes} bytes was asked for; the size must be a whole number from 0.`);
    }
    const size = Math.max(LINE, Math.ceil(bytes / LINE) * LINE);
    if (this.#busy.length > 0) this.#reclaim();
    const list = this.#listOf(home);
    const block = take(list, size) ?? this.#refill(list, size);
    if (!block) throw this.#outOfMemory(bytes, tag);
    split(block, size);
    block.free = false;
    this.#count(tag, block.bytes);
    this.#stats.allocations++;
    return new Buffer(block.address, bytes, tag, home, (uses) => {
      this.#count(tag, -block.bytes);
      this.after(uses, () => release(block));
    });
  }

  /** Frees something as soon as all its uses are done; this is looked at when memory is asked for. */
  after(uses: readonly Completion[], free: () => void): void {
    if (uses.every(({ done }) => done)) free();
    else this.#busy.push({ uses, free });
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

  /** Returns wholly free segments to the pool, after their homes' last commands. */
  emptyCache(): void {
    for (const [home, list] of this.#homes) {
      if (list.some(isSegment)) (home as Partial<Drainable>).record?.().block();
      this.#giveBack(list);
    }
  }

  /** A home is gone: returns its segments to the pool once `uses` are done. */
  closeHome(home: Home, uses: readonly Completion[]): void {
    const list = this.#homes.get(home);
    this.#homes.delete(home);
    if (list) this.after(uses, () => this.#giveBack(list));
  }

  /** Returns everything to the pool; buffers still out are dead. */
  close(): void {
    this.#homes.clear();
    this.#busy.length = 0;
    this.#pool.giveAll(this.#owner);
  }

  #giveBack(list: Block[]): void {
    for (const block of list.filter(isSegment)) {
      unlist(block);
      this.#pool.give(block.address, block.bytes);
      this.#reserve(-block.bytes);
    }
  }

  #listOf(home: Home): Block[] {
    let list = this.#homes.get(home);
    if (!list) {
      list = [];
      this.#homes.set(home, list);
    }
    return list;
  }

  /** Takes back busy blocks whose uses are done. @param wait for those that are not. */
  #reclaim(wait = false): void {
    for (let i = this.#busy.length - 1; i >= 0; i--) {
      const { uses, free } = this.#busy[i];
      if (wait) for (const use of uses) (use as Partial<Blockable>).block?.();
      if (uses.some(({ done }) => !done)) continue;
      this.#busy.splice(i, 1);
      free();
    }
  }

  /** A new segment, as one free block; if there is no room, what is busy or cached makes some. */
  #refill(list: Block[], size: number): Block | undefined {
    const generous = size <= SMALL ? UNIT : size <= MEDIUM ? MEDIUM_SEGMENT : size;
    for (const wanted of [generous, size]) {
      const block = this.#segment(list, Math.ceil(wanted / UNIT) * UNIT);
      if (block) return block;
      this.#reclaim(true);
      const freed = take(list, size);
      if (freed) return freed;
      this.emptyCache();
    }
    return this.#segment(list, Math.ceil(size / UNIT) * UNIT);
  }

  #segment(list: Block[], bytes: number): Block | undefined {
    if (this.#stats.reserved.current + bytes > this.#quota) return undefined;
    const address = this.#pool.take(this.#owner, bytes);
    if (address === 0) return undefined;
    this.#reserve(bytes);
    return { address, bytes, free: true, before: null, after: null, list };
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
    const largest = Math.max(0, ...[...this.#homes.values()].map((list) => list.at(-1)?.bytes ?? 0));
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

/** A home that can be waited for. */
interface Drainable {
  record(): Blockable;
}

function bump(usage: Usage, bytes: number): void {
  usage.current += bytes;
  if (usage.current > usage.peak) usage.peak = usage.current;
}
