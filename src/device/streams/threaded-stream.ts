/**
 * The host's side of a stream with a thread of its own: launches go into a ring, events
 * are positions in it. The thread's side is stream-loop.ts.
 */
import type { SharedMemory } from "../../platform/memory.ts";
import type { Site } from "../../trace/site.ts";
import {
  CAPACITY,
  CommandRing,
  GRAPH,
  HOST,
  HOST_BLOCKED,
  REPORT,
  STOP,
  WAIT_FLAG,
  WAIT_STREAM,
} from "./command-ring.ts";
import type { Blockable } from "./completion.ts";
import { type KernelError, kernelError, type Replayable, type Stream, StreamEvent } from "./stream.ts";

/** After a full ring, the host goes on when so much of it is free again. */
const ROOM = CAPACITY / 4;

export interface ThreadedOptions {
  readonly memory: SharedMemory;
  /** Where the stream's ring lies. */
  readonly address: number;
  /** Its number among the device's streams, from 0. */
  readonly number: number;
  /** Looks at a position before a blocking wait sleeps. */
  readonly spins: number;
  /** Position of the first command, for tests. */
  readonly first?: number;
  /** Called when the stream is closed. */
  readonly onClose?: () => void;
}

export class ThreadedStream implements Stream {
  readonly mode = "threaded";
  readonly number: number;
  readonly #ring: CommandRing;
  readonly #spins: number;
  readonly #onClose: () => void;
  readonly #waiting: { position: number; resolve: () => void }[] = [];
  /** Lines of launches that may fail, until they have passed. */
  readonly #sites = new Map<number, Site>();
  /** Position of the next command and the last one seen to have passed; these do not wrap. */
  #next: number;
  #seen: number;
  #watching = false;
  #closed = false;
  #gone = false;

  constructor(options: ThreadedOptions) {
    const { memory, address, number, spins, first = 0, onClose = () => {} } = options;
    this.number = number;
    this.#ring = new CommandRing(memory, address);
    this.#ring.startAt(first | 0);
    this.#spins = spins;
    this.#next = first;
    this.#seen = first;
    this.#onClose = onClose;
  }

  /** Byte address of the ring, by which other streams find this one. */
  get address(): number {
    return this.#ring.address;
  }

  launch(kernel: number, args: readonly number[], site?: Site): void {
    if (site) {
      if (this.#sites.size > CAPACITY) this.#forgetSites();
      this.#sites.set(this.#next, site);
    }
    this.#push(kernel, args);
  }

  replay(graph: Replayable): void {
    this.#push(GRAPH, [graph.address, graph.nodes.length]);
  }

  waitFor(completion: Blockable): void {
    if (completion.done) return;
    if (completion instanceof StreamEvent && completion.stream instanceof ThreadedStream) {
      const { stream, position } = completion;
      if (stream !== this) this.#push(WAIT_STREAM, [stream.address, position | 0, this.number]);
      return;
    }
    const flag = completion.flag?.();
    if (flag === undefined) completion.block();
    else this.#push(WAIT_FLAG, [flag]);
  }

  record(): StreamEvent {
    return new StreamEvent(this, this.#next);
  }

  passed(position: number): boolean {
    if (this.#seen < position) this.#look();
    return this.#seen >= position;
  }

  async reached(position: number): Promise<void> {
    if (!this.passed(position)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push({ position, resolve });
        if (!this.#watching) void this.#watch();
        else this.#ring.arm(HOST, this.#target() | 0);
      });
    }
    this.#raise();
  }

  block(position: number): void {
    if (!this.passed(position)) this.#ring.block(HOST_BLOCKED, position | 0, this.#spins);
    this.#raise();
  }

  synchronize(): Promise<void> {
    return this.reached(this.#next);
  }

  get blocking(): boolean {
    return this.#waiting.length > 0;
  }

  get failure(): KernelError | undefined {
    return this.#ring.failed ? this.#error() : undefined;
  }

  /** The stream's thread is gone: whoever waits for it gets an error. */
  lost(reason: string): void {
    if (this.#closed || this.#gone) return;
    this.#gone = true;
    this.#ring.fail(this.#ring.tail, `The thread of stream ${this.number} is gone (${reason}).`);
    this.#ring.retire(this.#next | 0);
  }

  /** Asks the thread for what it has recorded so far. */
  report(): void {
    this.#push(REPORT, []);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#push(STOP, []);
    this.#onClose();
  }

  /** Waits for the earliest position that somebody awaits, until nobody does. */
  async #watch(): Promise<void> {
    this.#watching = true;
    this.#ring.hostAwaits = true;
    // A sleep in waitAsync does not keep Node's event loop alive; a timer does.
    const alive = setInterval(() => {}, 1 << 30);
    while (this.#waiting.length > 0) {
      const sleep = this.#ring.watch(HOST, this.#target() | 0);
      if (sleep) await sleep;
      this.#look();
      for (let i = 0; i < this.#waiting.length; ) {
        if (this.#waiting[i].position <= this.#seen) this.#waiting.splice(i, 1)[0].resolve();
        else i++;
      }
    }
    clearInterval(alive);
    this.#ring.hostAwaits = false;
    this.#watching = false;
  }

  /** The earliest position that somebody awaits. */
  #target(): number {
    return this.#waiting.reduce((least, { position }) => Math.min(least, position), Infinity);
  }

  #push(code: number, args: readonly number[]): void {
    if (this.#gone) return; // the next wait says so
    if (this.#next - this.#seen >= CAPACITY) this.#makeRoom();
    this.#ring.push(this.#next | 0, code, args);
    this.#next++;
  }

  #makeRoom(): void {
    this.#look();
    if (this.#next - this.#seen < CAPACITY) return;
    this.#ring.block(HOST_BLOCKED, (this.#next - CAPACITY + ROOM) | 0, this.#spins);
    this.#look();
  }

  /** Brings #seen up to date; never more than CAPACITY commands are in flight. */
  #look(): void {
    const behind = ((this.#next - this.#ring.tail) | 0) >>> 0;
    this.#seen = this.#next - behind;
  }

  #forgetSites(): void {
    this.#look();
    for (const position of this.#sites.keys()) if (position < this.#seen) this.#sites.delete(position);
  }

  #raise(): void {
    const { failure } = this;
    if (failure) throw failure;
  }

  #error(): KernelError {
    const { position, text } = this.#ring.failure();
    const found = [...this.#sites].find(([at]) => (at | 0) === position);
    return kernelError(text, found?.[1]);
  }
}
