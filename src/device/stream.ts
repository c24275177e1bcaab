/**
 * A stream runs commands in the order they were launched; a StreamEvent is a place in
 * that order. Programs can tell the bodies apart by time only:
 *   inline    runs each command at once, in the thread that launches it;
 *   deferred  queues commands and runs them when somebody drains it, which is how many
 *             ranks share one thread;
 *   threaded  hands commands to a thread of its own (threaded-stream.ts).
 *
 * A kernel that fails ends its stream: later commands do nothing, and whoever next waits
 * for the stream gets the KernelError, with the line of the launch where that is known.
 */
import { formatSite, type Site } from "../trace/site.ts";
import { type Execute, kernelFailure } from "./executor.ts";
import type { Graph } from "./graph.ts";

/** Something that will be finished, such as a Work or a place in a stream. */
export interface Completion {
  readonly done: boolean;
}

/** A Completion that a thread may block on. */
export interface Blockable extends Completion {
  /** Returns once `done`; throws if it can never be. */
  block(): void;
  /** A word in shared memory that becomes 1 when this is done, for streams with a thread of their own. */
  flag?(): number | undefined;
}

/** A kernel failed while it ran. */
export class KernelError extends Error {
  override readonly name = "KernelError";
}

export interface Stream {
  readonly mode: "inline" | "deferred" | "threaded";
  /** Launches a kernel by its number. @param args must not change afterwards. @param site who launched it, where that is worth knowing. */
  launch(kernel: number, args: readonly number[], site?: Site): void;
  /** Launches all kernels of a graph. */
  replay(graph: Graph): void;
  /** Commands launched later run only after `completion` is done. */
  waitFor(completion: Blockable): void;
  /** The current end of the stream. */
  record(): StreamEvent;
  /** Whether everything before a position has run. */
  passed(position: number): boolean;
  /** Resolves when everything before a position has run. @throws KernelError. */
  reached(position: number): Promise<void>;
  /** Returns when everything before a position has run. @throws KernelError. */
  block(position: number): void;
  /** Resolves when everything launched so far has run. @throws KernelError. */
  synchronize(): Promise<void>;
  /** Whether a host waits for this stream. */
  readonly awaited: boolean;
  /** Ends the stream; it must not be used afterwards. */
  close(): void;
}

/** A place in a stream: done when everything launched before it has run. `await` makes the host wait. */
export class StreamEvent implements Blockable, PromiseLike<void> {
  readonly stream: Stream;
  readonly position: number;

  constructor(stream: Stream, position: number) {
    this.stream = stream;
    this.position = position;
  }

  get done(): boolean {
    return this.stream.passed(this.position);
  }

  block(): void {
    this.stream.block(this.position);
  }

  // biome-ignore lint/suspicious/noThenProperty: an event is awaited
  then<A = void, B = never>(
    onDone?: ((value: undefined) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.stream
      .reached(this.position)
      .then(() => undefined)
      .then(onDone, onError);
  }
}

/** Runs commands immediately. */
export class InlineStream implements Stream {
  readonly mode = "inline";
  readonly awaited = false;
  readonly #execute: Execute;
  readonly #now = new StreamEvent(this, 0);
  #error: KernelError | undefined;

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  launch(kernel: number, args: readonly number[], site?: Site): void {
    if (this.#error) return;
    try {
      this.#execute(kernel, args);
    } catch (thrown) {
      this.#error = kernelError(kernelFailure(kernel, thrown), site);
    }
  }

  replay(graph: Graph): void {
    const execute = this.#execute;
    const { nodes } = graph;
    if (this.#error) return;
    let at = 0;
    try {
      for (; at < nodes.length; at++) execute(nodes[at].kernel, nodes[at].args);
    } catch (thrown) {
      this.#error = kernelError(kernelFailure(nodes[at].kernel, thrown), nodes[at].site);
    }
  }

  waitFor(completion: Blockable): void {
    completion.block();
  }

  record(): StreamEvent {
    return this.#now;
  }

  passed(): boolean {
    return true;
  }

  async reached(): Promise<void> {
    this.block();
  }

  block(): void {
    if (this.#error) throw this.#error;
  }

  async synchronize(): Promise<void> {
    this.block();
  }

  close(): void {}
}

/** Runs commands when drained. */
export class DeferredStream implements Stream {
  readonly mode = "deferred";
  readonly #execute: Execute;
  readonly #queue: ((() => void) | Blockable)[] = [];
  readonly #schedule: () => void;
  readonly #waiting: { position: number; resolve: () => void; reject: (error: unknown) => void }[] = [];
  #added = 0;
  #passed = 0;
  #error: KernelError | undefined;

  /** @param schedule asks for a `drain` soon. */
  constructor(execute: Execute, schedule: () => void) {
    this.#execute = execute;
    this.#schedule = schedule;
  }

  launch(kernel: number, args: readonly number[], site?: Site): void {
    this.#add(() => this.#run(kernel, args, site));
  }

  replay(graph: Graph): void {
    this.#add(() => {
      for (const { kernel, args, site } of graph.nodes) this.#run(kernel, args, site);
    });
  }

  waitFor(completion: Blockable): void {
    if (!completion.done) this.#add(completion);
  }

  record(): StreamEvent {
    return new StreamEvent(this, this.#added);
  }

  passed(position: number): boolean {
    return this.#passed >= position;
  }

  async reached(position: number): Promise<void> {
    if (!this.passed(position)) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push({ position, resolve, reject });
        this.#schedule();
      });
    }
    if (this.#error) throw this.#error;
  }

  block(position: number): void {
    if (!this.passed(position)) this.drain();
    if (!this.passed(position)) throw new Error("A thread that runs many ranks cannot block; await the event instead.");
    if (this.#error) throw this.#error;
  }

  synchronize(): Promise<void> {
    return this.reached(this.#added);
  }

  get awaited(): boolean {
    return this.#waiting.length > 0;
  }

  close(): void {
    this.#queue.length = 0;
  }

  /** Runs entries until the queue is empty or must wait. @returns whether any ran. */
  drain(): boolean {
    const before = this.#passed;
    while (this.#queue.length > 0) {
      const entry = this.#queue[0];
      if (typeof entry === "function") entry();
      else if (!entry.done) break;
      else this.#pass(entry);
      this.#queue.shift();
      this.#passed++;
    }
    for (let i = 0; i < this.#waiting.length; ) {
      if (this.#waiting[i].position <= this.#passed) this.#waiting.splice(i, 1)[0].resolve();
      else i++;
    }
    return this.#passed > before;
  }

  /** What the stream waited for is over. If it failed, those who wait for what comes behind it hear why. */
  #pass(completion: Blockable): void {
    try {
      completion.block();
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    }
  }

  #run(kernel: number, args: readonly number[], site: Site | undefined): void {
    if (this.#error) return;
    try {
      this.#execute(kernel, args);
    } catch (thrown) {
      this.#error = kernelError(kernelFailure(kernel, thrown), site);
    }
  }

  #add(entry: (() => void) | Blockable): void {
    this.#queue.push(entry);
    this.#added++;
    this.#schedule();
  }
}

/** The error for a launch that failed. @param text what failed and why. */
export function kernelError(text: string, site: Site | undefined): KernelError {
  const where = formatSite(site);
  return new KernelError(`${text}${where ? ` It was launched at ${where}.` : ""}`);
}
