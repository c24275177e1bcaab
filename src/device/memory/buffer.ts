/**
 * A Buffer is bytes in device memory, counted by reference. It is opaque: only this
 * folder and the transports that share the memory learn its address.
 *
 * A Hold marks the part of a buffer that an operation in flight reads or writes. Whoever
 * touches a held part in conflict with the hold gets an error instead of a race.
 */
import { captureSite, type Site } from "../../trace/site.ts";
import type { Completion } from "../streams/completion.ts";

/** What device memory is used for; statistics are kept by tag. */
export const tags = ["parameters", "gradients", "optimizer", "activations", "kv", "data", "scratch"] as const;
/** One of `tags`. */
export type Tag = (typeof tags)[number];

/** Part of a buffer in use by an operation that its owner has neither awaited nor waited for. */
export interface Hold {
  readonly start: number;
  readonly end: number;
  /** True if the operation writes the part; otherwise it reads it. */
  readonly writes: boolean;
  /** The operation. */
  readonly work: unknown;
  /** Throws the error that explains the conflict. @param by another operation that would read or write, if one would. */
  conflict(action: "read" | "write", by?: unknown): never;
}

/** Whose commands, in their order, a buffer's memory belongs to: a stream, a graph, or the host. */
export type Home = object;

let readAddress: (buffer: Buffer) => number;

export class Buffer {
  /** Bytes asked for. */
  readonly bytes: number;
  readonly tag: Tag;
  /** Whoever else uses the memory must say so with `use`. */
  readonly home: Home;
  readonly holds: Hold[] = [];
  #address: number;
  #references = 1;
  #free: (uses: readonly Completion[]) => void;
  #uses: Completion[] = none;
  #version = 0;
  #watchers = 0;
  #lastWrite: Site | undefined;

  static {
    readAddress = (buffer) => {
      if (buffer.#references === 0) throw freedError(buffer);
      return buffer.#address;
    };
  }

  /** Made by an allocator. @param free returns the memory, which is still in use until `uses` are done. */
  constructor(address: number, bytes: number, tag: Tag, home: Home, free: (uses: readonly Completion[]) => void) {
    this.#address = address;
    this.bytes = bytes;
    this.tag = tag;
    this.home = home;
    this.#free = free;
  }

  /**
   * Keeps the memory from other hands until something outside its home is done with it,
   * even if the buffer is freed before (PyTorch's record_stream).
   */
  recordUse(until: Completion): void {
    if (until.done) return;
    this.#uses = this.#uses.filter(({ done }) => !done);
    this.#uses.push(until);
  }

  /** How many times something was told to write into it. */
  get version(): number {
    return this.#version;
  }

  /** Something will write into it: a kernel, the host, an operation between ranks. */
  wrote(): void {
    this.#version++;
    if (this.#watchers > 0) this.#lastWrite = captureSite();
  }

  /** Somebody has kept its value and wants to know the line of the next write: one more, or one less. */
  watch(change: 1 | -1): void {
    this.#watchers += change;
  }

  /** The line that last wrote while somebody watched. */
  get lastWrite(): Site | undefined {
    return this.#lastWrite;
  }

  /** Whether the memory has been returned. */
  get freed(): boolean {
    return this.#references === 0;
  }

  /** Adds a reference. @throws when the buffer is already freed. */
  retain(): this {
    if (this.freed) throw freedError(this);
    this.#references++;
    return this;
  }

  /** Drops a reference; the last one returns the memory. */
  release(): void {
    if (this.freed) throw freedError(this);
    if (this.#references === 1) this.checkHolds(0, this.bytes, true);
    if (--this.#references === 0) this.#free(this.#uses);
  }

  /**
   * @param self whose own holds do not count.
   * @throws when an operation in flight forbids reading (or writing) bytes start..end.
   */
  checkHolds(start: number, end: number, write: boolean, self?: unknown): void {
    for (const hold of this.holds) {
      if (self !== undefined && hold.work === self) continue;
      if (hold.start < end && start < hold.end && (write || hold.writes)) hold.conflict(write ? "write" : "read", self);
    }
  }
}

const none: Completion[] = [];

function freedError(buffer: Buffer): Error {
  return new Error(
    `A buffer of ${buffer.bytes} bytes (${buffer.tag}) was used after it was freed. ` +
      "Keep it alive until its last use: return it from the scope that made it, or free it later.",
  );
}

/** The byte address of a buffer in the job's memory. Not part of the public interface. */
export function addressOf(buffer: Buffer): number {
  return readAddress(buffer);
}
