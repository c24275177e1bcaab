/** The clock of a run: a machine's, or a virtual one in tests. */
export interface Clock {
  /** Milliseconds from anywhere on. */
  now(): number;
  /** Resolves when `now()` has reached a time, or when the signal says so. */
  until(time: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of this machine. */
export const realClock: Clock = {
  now: () => performance.now(),
  until(time, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, time - performance.now()));
      signal?.addEventListener("abort", done);
    });
  },
};
