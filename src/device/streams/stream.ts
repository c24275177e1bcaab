/**
 * A stream runs commands in the order they were launched; a StreamEvent is a place in
 * that order. Programs can tell the implementations apart by time only:
 *   inline    runs each command at once, in the thread that launches it;
 *   deferred  queues commands and runs them when somebody drains it, so that many
 *             ranks share one thread;
 *   threaded  hands commands to a thread of its own (threaded-stream.ts).
 *
 * A kernel that fails ends its stream: later commands do nothing, and whoever next waits
 * for the stream gets the KernelError, with the line of the launch where that is known.
 */
import { formatSite, type Site } from "../../trace/site.ts";
import type { Blockable } from "./completion.ts";

/** A kernel failed while it ran. */
export class KernelError extends Error {
  override readonly name = "KernelError";
}

/** One launch of a graph. */
export interface GraphNode {
  readonly kernel: number;
  readonly args: readonly number[];
  readonly site?: Site;
}

/** Launches that were recorded, as a stream needs them to repeat them. */
export interface Replayable {
  readonly nodes: readonly GraphNode[];
  /** Where they lie in device memory, for a stream's thread. */
  readonly address: number;
}

export interface Stream {
  readonly mode: "inline" | "deferred" | "threaded";
  /** Launches a kernel by its number. @param args must not change afterwards. @param site who launched it, where that is worth knowing. */
  launch(kernel: number, args: readonly number[], site?: Site): void;
  /** Launches all kernels of a graph. */
  replay(graph: Replayable): void;
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
  /** What a kernel of it failed with: whatever was launched behind it was never computed. */
  readonly failure: KernelError | undefined;
  /** Whether a host waits for this stream. */
  readonly blocking: boolean;
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

/** The error for a launch that failed. @param text what failed and why. */
export function kernelError(text: string, site: Site | undefined): KernelError {
  const where = formatSite(site);
  return new KernelError(`${text}${where ? ` It was launched at ${where}.` : ""}`);
}
