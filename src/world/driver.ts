/** What an engine is given: how its rank waits, and whom it serves. */
import type { Completion, Device } from "../device/index.ts";
import type { Site } from "../trace/site.ts";
import type { Tracer } from "../trace/trace.ts";
import type { RecorderPlace } from "./recorder.ts";
import type { Traffic } from "./traffic.ts";
import type { Transport } from "./transport.ts";
import type { Work } from "./work.ts";

/** Milliseconds within which a timer cannot be relied on. */
export const SHORT = 2;

/** How a rank waits. */
export interface Driver {
  /** Polls worth making before waiting; 0 when polling cannot help. */
  readonly spins: number;
  /** Sees to it that the engine is advanced until nobody waits for it. */
  park(work?: Work<unknown>): void;
  /** Returns once `work` has ended; throws where a thread cannot wait. */
  block(work: Work<unknown>): void;
  /** Sleeps in the middle of polling, for less than so many milliseconds, or until a peer has something. */
  nap?(wait: number): void;
  /** Resolves after a turn of the thread's event loop. */
  turn?(): Promise<void>;
  /** Something has changed that the engine should look at. */
  nudge?(): void;
}

export interface EngineOptions {
  readonly transport: Transport;
  readonly device: Device;
  /** Milliseconds on the clock that all ranks of the job share. */
  readonly now: () => number;
  readonly tracer?: Tracer;
  /** By world rank: the number of its node; all on one if not given. */
  readonly nodes?: readonly number[];
  /** Records operations and messages. */
  readonly traffic?: Traffic;
  /** Sends of at most so many bytes complete at once, from a copy. */
  readonly eager?: number;
  /** The program, if it is in another thread. */
  readonly served?: Served;
  /** Where the rank's operations are recorded and its moves counted, if others are to see them. */
  readonly place?: RecorderPlace;
}

/** A program in another thread, as the engine of its communication stream sees it. */
export interface Served {
  /** What the operation that is being issued has to wait for. */
  readonly fence: Completion;
  /** The program's line of that operation. */
  readonly site: Site;
  /** Whether the program waits for one of its compute streams. */
  readonly streamsAwaited: boolean;
  ended(work: Work<unknown>): void;
  failed(message: string): void;
}
