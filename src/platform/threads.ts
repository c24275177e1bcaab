/**
 * Threads, as whoever starts one sees it and as the thread itself does. There is one way to start
 * a thread in each body of the platform: node/threads.ts and browser/threads.ts.
 */

/** How a thread ended. */
export interface ThreadEnd {
  /** What it threw that nobody caught. */
  readonly error?: unknown;
  /** 0 where threads have no exit codes. */
  readonly exitCode: number;
}

/** A thread, as whoever started it sees it. */
export interface Thread<In = unknown> {
  post(message: In): void;
  /** Resolves when it has ended, by itself or not, and all that it said has come. */
  readonly ended: Promise<ThreadEnd>;
  /** Ends it in the middle of whatever it does. What it said before still comes. */
  kill(): Promise<void>;
}

/** What a message may carry along in place of a copy. */
export type Moved = object;

export interface ThreadOptions<Out = unknown> {
  /** For people who look at the process. */
  readonly name: string;
  /** Hears what the thread says, in its order. */
  readonly onMessage?: (message: Out) => void;
  readonly transfer?: readonly Moved[];
  /** Whether the starting thread may end while this one goes on; it then ends, too. */
  readonly background?: boolean;
}

/** Starts a thread that plays a role, with what the role needs. */
export type Spawn = <In = unknown, Out = unknown>(
  role: string,
  start: unknown,
  options: ThreadOptions<Out>,
) => Thread<In>;

/** What a thread has of the one that started it. */
export interface Port<In = unknown, Out = unknown> {
  post(message: Out): void;
  /** Hears what comes. A thread that listens goes on until it closes its port, or leaves it. */
  listen(onMessage: (message: In) => void): void;
  /** Goes on listening, but is no reason to go on. */
  leave(): void;
  /** Nothing comes any more. */
  close(): void;
}
