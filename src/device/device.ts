/**
 * A device: memory of its own in the job's memory, streams that execute launched
 * kernels in order, and checks on every launch: the buffers are alive, long enough, and
 * not in use by an operation that nobody waited for.
 */
import { captureSite } from "../trace/site.ts";
import type { Tracer } from "../trace/trace.ts";
import { CaptureError, Graph, graphBytes } from "./graph.ts";
import { type Kernel, type KernelName, kernelNumber, kernels } from "./kernels/index.ts";
import { checked, type Ref, wrongScalars } from "./launch-checks.ts";
import { Allocator, type MemoryStats } from "./memory/allocator.ts";
import { addressOf, Buffer, type Tag } from "./memory/buffer.ts";
import { Flags } from "./memory/flags.ts";
import { UNIT } from "./memory/segments.ts";
import { type Exported, Loan, takeLoan } from "./memory/sharing.ts";
import type { KernelRuntime } from "./runtime.ts";
import { DeviceStreams, type StreamMaker } from "./streams/device-streams.ts";
import type { Stream } from "./streams/stream.ts";

export type { Ref } from "./launch-checks.ts";

export interface DeviceOptions {
  readonly runtime: KernelRuntime;
  readonly stream: StreamMaker;
  /** Rank number: owner of the device's segments in the pool. */
  readonly owner: number;
  /** Bytes the device may reserve. */
  readonly quota: number;
  readonly tracer?: Tracer;
  /** A word that counts launches, if others are to see it. */
  readonly launches?: Int32Array;
}

/** Memory, streams, and launches that are checked; programs have it under their tensors. */
export class Device extends DeviceStreams {
  readonly runtime: KernelRuntime;
  readonly tracer: Tracer | undefined;
  /** By which streams learn that something of the host is done. */
  readonly flags: Flags;
  readonly #allocator: Allocator;
  readonly #launches: Int32Array;
  #graph: Graph | undefined;

  constructor({ runtime, stream, owner, quota, tracer, launches = new Int32Array(1) }: DeviceOptions) {
    super(stream);
    this.#launches = launches;
    this.runtime = runtime;
    this.tracer = tracer;
    this.#allocator = new Allocator(runtime.pool, owner, quota);
    this.flags = new Flags(runtime.pool.memory, () => {
      return { address: runtime.pool.need(owner, UNIT, "the flags of a device"), bytes: UNIT };
    });
  }

  /** Whether a buffer's memory is this device's: in the order of one of its streams or of a graph, or the host's. */
  owns({ home }: Buffer): boolean {
    const stream = home === this.current || this.streams.includes(home as Stream);
    return stream || home === this || home instanceof Graph;
  }

  /** @throws OutOfMemoryError when the quota or the job's memory is used up. */
  alloc(bytes: number, tag: Tag = "data"): Buffer {
    return this.#allocator.alloc(bytes, tag, this.#graph ?? this.current);
  }

  /** For what runs beside the streams, as operations between ranks do: what a pool hands out, kernels in the queue may still read. */
  allocBeside(bytes: number, tag: Tag): Buffer {
    return this.#allocator.alloc(bytes, tag, this.current.mode === "inline" ? this.current : undefined);
  }

  /**
   * Launches a kernel and returns at once.
   * @param refs one place for each buffer the kernel declares.
   * @param scalars in the order the kernel declares.
   * @throws RangeError when a buffer is too short for what the kernel will touch, or scalars are missing.
   */
  launch(name: KernelName, refs: readonly Ref[], scalars: readonly number[]): void {
    const kernel: Kernel = kernels[name];
    const stream = this.current;
    this.#launches[0]++;
    if (scalars.length !== kernel.scalars.length) throw wrongScalars(name, kernel, scalars);
    const bounds = kernel.bounds(scalars);
    const args: number[] = [];
    let foreign = false;
    for (let i = 0; i < refs.length; i++) {
      const { buffer } = refs[i];
      const writes = kernel.buffers[i] !== "in";
      args.push(checked(name, i, refs[i], bounds[i], writes));
      if (writes) buffer.wrote();
      if (buffer.home !== stream) foreign = true;
    }
    for (let i = 0; i < scalars.length; i++) args.push(scalars[i]);
    // A stream that runs it at once finds the line itself, when it fails: a stack costs more than a small kernel.
    const isLater = this.#graph !== undefined || stream.mode !== "inline";
    const site = kernel.explain && isLater ? captureSite() : undefined;
    if (this.#graph) {
      const written = refs.filter((_, i) => kernel.buffers[i] !== "in").map(({ buffer }) => buffer);
      const node = { kernel: kernelNumber(name), args, site };
      this.#graph.add(
        node,
        refs.map(({ buffer }) => buffer),
        written,
      );
      return;
    }
    stream.launch(kernelNumber(name), args, site);
    if (foreign)
      this.#use(
        refs.map(({ buffer }) => buffer),
        stream,
      );
  }

  /**
   * Launches a kernel over a list of tensors, which it takes as its first buffer.
   * @param tensors what the kernel's list declares, for each entry, and their common number of f32 elements.
   * @throws RangeError when a buffer is too short.
   */
  launchMany(
    name: KernelName,
    tensors: readonly { readonly refs: readonly Ref[]; readonly n: number }[],
    refs: readonly Ref[],
    scalars: readonly number[],
  ): void {
    const kernel: Kernel = kernels[name];
    const words: number[] = [];
    const buffers: Buffer[] = [];
    let total = 0;
    for (const { refs: places, n } of tensors) {
      for (const [i, place] of places.entries()) {
        const writes = kernel.list?.[i] !== "in";
        words.push(checked(name, i, place, n * (kernel.listBytes?.[i] ?? 4), writes));
        if (writes) place.buffer.wrote();
        if (writes) this.#graph?.writes(place.buffer);
        buffers.push(place.buffer);
      }
      words.push(n);
      total += n;
    }
    // The host writes it now and the stream reads it later, so it is in nobody's order.
    const list = this.#allocator.alloc(words.length * 4, "scratch");
    const address = addressOf(list);
    this.runtime.pool.memory.words(address, words.length).set(words.map((word) => word | 0));
    this.launch(name, [{ buffer: list, offset: 0 }, ...refs], [tensors.length, ...scalars, total]);
    if (this.#graph) for (const buffer of buffers) this.#graph.keep(buffer);
    else this.#use(buffers, this.current);
    list.release();
  }

  /** Copies host bytes into a buffer, in stream order; `data` may be reused at once. */
  write(target: Ref, data: Uint8Array): void {
    this.refuse(
      "Writing host data",
      "a replay would write the same bytes again. Write into a captured tensor before the replay.",
    );
    const memory = this.runtime.pool.memory;
    const address = this.#place(target, data.length, true);
    if (this.current.mode === "inline") {
      target.buffer.wrote();
      memory.bytes(address + data.length).set(data, address);
      return;
    }
    // The host's own memory: the stream copies from it when its turn comes.
    const staging = this.#allocator.alloc(data.length, "scratch", this);
    memory.bytes(addressOf(staging) + data.length).set(data, addressOf(staging));
    this.launch("copy", [{ buffer: staging, offset: 0 }, target], [data.length]);
    staging.release();
  }

  /** Bytes of a buffer, once the stream has done everything before. @throws KernelError when a kernel failed. */
  async read(source: Ref, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    this.refuse("Reading a tensor", "its value does not exist until the graph is replayed. Read after the replay.");
    this.#place(source, bytes, false);
    await this.current.synchronize();
    return this.peek(source, bytes);
  }

  /** Bytes of a buffer as they are now; for code that knows the stream is past its writers. */
  peek(source: Ref, bytes: number): Uint8Array<ArrayBuffer> {
    const address = addressOf(source.buffer) + source.offset;
    const copy = new Uint8Array(bytes);
    copy.set(this.runtime.pool.memory.bytes(address + bytes).subarray(address, address + bytes));
    return copy;
  }

  /** Resolves when every launch so far, on every stream, has run. @throws KernelError when a kernel failed. */
  async synchronize(): Promise<void> {
    this.refuse("Synchronizing", "nothing runs during a capture. Synchronize after the replay.");
    for (const stream of this.streams) await stream.synchronize();
  }

  /**
   * Records the kernels that a synchronous function launches, in place of running them.
   * @throws CaptureError naming the line of what cannot be captured; nothing is left of the graph then.
   */
  capture(body: () => void): Graph {
    this.refuse("A capture", "another one is in progress.");
    const graph = new Graph();
    this.#graph = graph;
    try {
      const result: unknown = body();
      if (result instanceof Promise) {
        result.catch(() => {}); // what it says is not the point
        throw new CaptureError(
          "An async function",
          "a capture ends when the function returns. Await outside it.",
          undefined,
        );
      }
    } catch (error) {
      this.#graph = undefined;
      this.release(graph);
      throw error;
    }
    this.#graph = undefined;
    const list = this.#allocator.alloc(graphBytes(graph), "scratch"); // written by the host, so it is nobody's stream's
    graph.write(this.runtime.pool.memory, list);
    return graph;
  }

  /** Launches all kernels of a graph on the current stream. @throws Error when the graph was released. */
  replay(graph: Graph): void {
    if (graph.released) throw new Error("This graph was released; capture it again.");
    this.refuse("A replay", "graphs cannot hold graphs.");
    for (const buffer of graph.kept) if (buffer.holds.length > 0) buffer.checkHolds(0, buffer.bytes, true);
    for (const buffer of graph.written) buffer.wrote();
    this.#launches[0]++;
    this.current.replay(graph);
    this.#use(graph.kept, this.current);
    const passed = this.current.record();
    const others = graph.replays.filter(({ stream, done }) => stream !== passed.stream && !done);
    graph.replays.splice(0, Infinity, ...others, passed);
  }

  /** Gives up a graph and the memory that is its own; whatever is left of it there is dead. */
  release(graph: Graph): void {
    if (graph.released) return;
    graph.release();
    this.#allocator.closeHome(graph, graph.replays);
  }

  /** @throws CaptureError during a capture. @param what is called, and @param why that cannot be captured. */
  refuse(what: string, why: string): void {
    if (this.#graph) throw new CaptureError(what, why, captureSite());
  }

  /** Lends a buffer to one other device of the same memory; what to send it. The memory stays until it is released there. */
  export(buffer: Buffer): Exported {
    this.refuse("Exporting a buffer", "the other device could release it between replays.");
    const word = this.flags.take();
    const loan = new Loan(this.runtime.pool.memory, word);
    this.flags.giveBack(word, [loan]);
    buffer.recordUse(loan);
    return { address: addressOf(buffer), bytes: buffer.bytes, word };
  }

  /** A buffer over memory that another device has exported. @throws Error when it was imported before. */
  import(exported: Exported, tag: Tag = "data"): Buffer {
    const { address, bytes } = exported;
    const home = this.current;
    const giveBack = takeLoan(this.runtime.pool.memory, exported);
    return new Buffer(address, bytes, tag, home, (uses) => this.#allocator.after([...uses, home.record()], giveBack));
  }

  memoryStats(): MemoryStats {
    return this.#allocator.stats();
  }

  resetPeakMemory(): void {
    this.#allocator.resetPeaks();
  }

  emptyCache(): void {
    this.refuse("Emptying the cache", "memory that the graph uses would move.");
    this.#allocator.emptyCache();
  }

  /** Returns all memory to the node. The device must not be used afterwards. */
  close(): void {
    for (const stream of this.streams) stream.close();
    this.#allocator.close();
  }

  /** Keeps buffers of other homes until a stream is done with them. */
  #use(buffers: Iterable<Buffer>, stream: Stream): void {
    const event = stream.record();
    for (const buffer of buffers) if (buffer.home !== stream) buffer.recordUse(event);
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
