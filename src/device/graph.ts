/**
 * A captured graph: kernels that were recorded once, with their arguments, and are launched
 * together from then on.
 *
 * What this saves. A launch costs host time: shapes are checked, memory is taken, a command
 * is written. A replay costs one command for all kernels. On a CPU that is the whole gain: the
 * stream's thread runs the same kernels with the same nothing between them. On a GPU there is
 * a second one: the gaps between kernels, some microseconds each, shrink because the device
 * knows the next kernel before this one ends.
 *
 * What it asks for. Addresses and shapes are those of the capture, so inputs are written into
 * the tensors that were captured, and what was freed during the capture stays the graph's own
 * until the graph is released. Whatever needs the host in between cannot be captured: reading
 * results, writing host data, numbers that the host draws, operations between ranks.
 */
import type { SharedMemory } from "../platform/memory.ts";
import { formatSite, type Site } from "../trace/site.ts";
import { kernelNames } from "./kernels/index.ts";
import { addressOf, type Buffer } from "./memory/buffer.ts";
import type { GraphNode, Replayable, StreamEvent } from "./streams/stream.ts";

/** Something that cannot be part of a graph was called during a capture. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";

  /** @param what was called; @param why it cannot be captured; @param site the line. */
  constructor(what: string, why: string, site: Site | undefined) {
    const where = formatSite(site);
    super(`${what} cannot be captured${where ? ` (${where})` : ""}: ${why}`);
  }
}

export class Graph implements Replayable {
  readonly nodes: GraphNode[] = [];
  #address = 0;
  /** Places in streams just after replays. */
  readonly replays: StreamEvent[] = [];
  readonly #kept = new Set<Buffer>();
  readonly #written = new Set<Buffer>();
  #list: Buffer | undefined;
  #released = false;

  /** Where the nodes lie in device memory, for a stream's thread; 0 until the capture ends. */
  get address(): number {
    return this.#address;
  }

  /** Whether the graph can no longer be replayed. */
  get released(): boolean {
    return this.#released;
  }

  /** Names of the kernels, in order. */
  get kernels(): string[] {
    return this.nodes.map(({ kernel }) => kernelNames[kernel]);
  }

  /** Adds a launch, and keeps the buffers where they are. @param written those that it writes. */
  add(node: GraphNode, buffers: readonly Buffer[], written: readonly Buffer[]): void {
    this.nodes.push(node);
    for (const buffer of buffers) this.keep(buffer);
    for (const buffer of written) this.writes(buffer);
  }

  /** A replay will write into a buffer. */
  writes(buffer: Buffer): void {
    this.#written.add(buffer);
  }

  /** Buffers that a replay writes into. */
  get written(): ReadonlySet<Buffer> {
    return this.#written;
  }

  /** Keeps a buffer at its address for as long as the graph lives. */
  keep(buffer: Buffer): void {
    if (buffer.home === this || this.#kept.has(buffer)) return;
    this.#kept.add(buffer.retain());
  }

  /** Buffers that the graph uses and does not own. */
  get kept(): ReadonlySet<Buffer> {
    return this.#kept;
  }

  /** Puts the nodes where a stream's thread can read them. */
  write(memory: SharedMemory, list: Buffer): void {
    this.#list = list;
    this.#address = addressOf(list);
    writeNodes(this.nodes, memory, list);
  }

  /** Gives up the buffers. For Device. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    for (const buffer of this.#kept) buffer.release();
    this.#kept.clear();
    this.#written.clear();
    for (const replay of this.replays) this.#list?.recordUse(replay);
    this.#list?.release();
  }
}

/** Doubles of a node in memory: kernel, number of arguments, arguments. */
function nodeLength({ args }: GraphNode): number {
  return 2 + args.length;
}

/** Bytes that `write` needs. */
export function graphBytes({ nodes }: Graph): number {
  return nodes.reduce((sum, node) => sum + nodeLength(node), 0) * 8;
}

function writeNodes(nodes: readonly GraphNode[], memory: SharedMemory, buffer: Buffer): void {
  const address = addressOf(buffer);
  const out = new Float64Array(memory.buffer(address + buffer.bytes), address, buffer.bytes / 8);
  let at = 0;
  for (const node of nodes) {
    out[at] = node.kernel;
    out[at + 1] = node.args.length;
    out.set(node.args, at + 2);
    at += nodeLength(node);
  }
}

/** Runs graphs that lie in memory. */
export class GraphReader {
  readonly #memory: SharedMemory;
  readonly #args: number[] = [];
  #doubles = new Float64Array(0);

  constructor(memory: SharedMemory) {
    this.#memory = memory;
  }

  /** @param run is called for each of `count` nodes; it must not keep the arguments. */
  run(address: number, count: number, run: (kernel: number, args: readonly number[]) => void): void {
    const memory = this.#memory.buffer(address + 8);
    if (this.#doubles.buffer !== memory || this.#doubles.byteLength < memory.byteLength)
      this.#doubles = new Float64Array(memory);
    const doubles = this.#doubles;
    const args = this.#args;
    for (let at = address / 8, left = count; left > 0; left--) {
      const length = doubles[at + 1];
      args.length = length;
      for (let i = 0; i < length; i++) args[i] = doubles[at + 2 + i];
      run(doubles[at], args);
      at += 2 + length;
    }
  }
}
