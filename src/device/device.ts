/**
 * A device: memory of its own in the node's memory, a stream that executes launched
 * kernels in order, and checks on every launch: the buffers are alive, long enough, and
 * not in use by an operation that nobody waited for.
 */
import type { Tracer } from "../trace/trace.ts";
import { Allocator, type MemoryStats } from "./allocator.ts";
import { addressOf, Buffer, type Tag } from "./buffer.ts";
import { type Kernel, type KernelName, kernels } from "./kernels.ts";
import type { KernelRuntime } from "./runtime.ts";
import type { Stream } from "./stream.ts";

/** A place in a buffer. */
export interface Ref {
  readonly buffer: Buffer;
  /** Bytes from the buffer's start. */
  readonly offset: number;
}

/** A buffer's place in the node's memory, for another device of the same memory. */
export interface Exported {
  readonly address: number;
  readonly bytes: number;
}

export interface DeviceOptions {
  readonly runtime: KernelRuntime;
  readonly stream: Stream;
  /** Rank number: owner of the device's segments in the pool. */
  readonly owner: number;
  /** Bytes the device may reserve. */
  readonly quota: number;
  readonly tracer?: Tracer;
}

export class Device {
  readonly runtime: KernelRuntime;
  readonly stream: Stream;
  readonly tracer: Tracer | undefined;
  readonly #allocator: Allocator;

  constructor(options: DeviceOptions) {
    this.runtime = options.runtime;
    this.stream = options.stream;
    this.tracer = options.tracer;
    this.#allocator = new Allocator(options.runtime.pool, options.owner, options.quota);
  }

  /** @throws OutOfMemoryError when the quota or the node's memory is used up. */
  alloc(bytes: number, tag: Tag = "data"): Buffer {
    return this.#allocator.alloc(bytes, tag);
  }

  /**
   * Launches a kernel and returns at once.
   * @param refs one place for each buffer the kernel declares.
   * @param scalars in the order the kernel declares.
   * @throws RangeError when a buffer is too short for what the kernel will touch.
   */
  launch(name: KernelName, refs: readonly Ref[], scalars: readonly number[]): void {
    const kernel: Kernel = kernels[name];
    const bounds = kernel.bounds(scalars);
    const addresses = refs.map(({ buffer, offset }, i) => {
      const address = addressOf(buffer);
      const end = offset + bounds[i];
      if (offset < 0 || end > buffer.bytes) {
        throw new RangeError(
          `Kernel ${name} would touch bytes ${offset} to ${end} of argument ${i}, a buffer of ${buffer.bytes} bytes.`,
        );
      }
      if (buffer.holds.length > 0) buffer.checkHolds(offset, end, kernel.buffers[i] !== "in");
      return address + offset;
    });
    const { exports, gemmScratch } = this.runtime;
    const tracer = this.tracer;
    this.stream.run(
      tracer
        ? () => {
            const start = tracer.now();
            kernel.run(exports, addresses, scalars, gemmScratch);
            tracer.add("device", name, start, tracer.now(), { flops: kernel.flops(scalars), bytes: sum(bounds) });
          }
        : () => kernel.run(exports, addresses, scalars, gemmScratch),
    );
  }

  /** Copies host bytes into a buffer, in stream order; `data` may be reused at once. */
  write(target: Ref, data: Uint8Array): void {
    const { buffer } = target;
    const address = this.#place(target, data.length, true);
    const memory = this.runtime.pool.memory;
    if (this.stream.mode === "inline") memory.bytes(address + data.length).set(data, address);
    else {
      const copy = data.slice();
      buffer.retain();
      this.stream.run(() => {
        memory.bytes(address + copy.length).set(copy, address);
        buffer.release();
      });
    }
  }

  /** Bytes of a buffer, once the stream has done everything before. */
  async read(source: Ref, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    this.#place(source, bytes, false);
    await this.stream.synchronize();
    return this.peek(source, bytes);
  }

  /** Bytes of a buffer as they are now; for code that knows the stream is past its writers. */
  peek(source: Ref, bytes: number): Uint8Array<ArrayBuffer> {
    const address = addressOf(source.buffer) + source.offset;
    const copy = new Uint8Array(bytes);
    copy.set(this.runtime.pool.memory.bytes(address + bytes).subarray(address, address + bytes));
    return copy;
  }

  /** Resolves when every launch so far has run. */
  synchronize(): Promise<void> {
    return this.stream.synchronize();
  }

  /** What another device of the same memory needs to read this buffer in place. */
  export(buffer: Buffer): Exported {
    return { address: addressOf(buffer), bytes: buffer.bytes };
  }

  /** A buffer over memory that another device of the same memory owns and keeps alive. */
  import({ address, bytes }: Exported, tag: Tag = "data"): Buffer {
    return new Buffer(address, bytes, tag, () => {});
  }

  memoryStats(): MemoryStats {
    return this.#allocator.stats();
  }

  resetPeakMemory(): void {
    this.#allocator.resetPeaks();
  }

  emptyCache(): void {
    this.#allocator.emptyCache();
  }

  /** Returns all memory to the node. The device must not be used afterwards. */
  close(): void {
    this.#allocator.close();
  }

  #place({ buffer, offset }: Ref, bytes: number, write: boolean): number {
    const address = addressOf(buffer);
    if (offset < 0 || offset + bytes > buffer.bytes) {
      throw new RangeError(`Bytes ${offset} to ${offset + bytes} were asked for in a buffer of ${buffer.bytes} bytes.`);
    }
    if (buffer.holds.length > 0) buffer.checkHolds(offset, offset + bytes, write);
    return address + offset;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
