/** How a rank waits, and how the job hears that it is over: each transport has its own way. */
import type { Work } from "./work.ts";

/** Milliseconds within which a timer cannot be relied on. */
export const SHORT = 2;

export interface WaitStrategy {
  /** Polls worth making before waiting; 0 when polling cannot help. */
  readonly spins: number;
  /** Sees to it that the engine is advanced until nobody waits for it. */
  start(work?: Work<unknown>): void;
  /** Returns once `work` has ended; throws where a thread cannot wait. */
  block(work: Work<unknown>): void;
  /** Tells the other ranks that this one's program is over. @param error what it threw. */
  leave(state: "finished" | "failed", error?: string): void;
  /** Sleeps in the middle of polling, for less than `wait` milliseconds, or until a peer has something. */
  sleep?(wait: number): void;
  /** Resolves after a turn of the thread's event loop. */
  turn?(): Promise<void>;
  /** Something has changed that the engine should look at. */
  wake?(): void;
  /** Looks whether the job goes on; called now and then while the program waits for the store. */
  look?(): void;
  /** The program has begun to wait for the store, or goes on. */
  storeChanged?(): void;
  /** Resolves when what was copied for this rank in another thread has left. */
  drain?(): Promise<void>;
}
