/** Whether threads of a file's tests are used again, as a suite that starts thousands does, or once, as they are for users. */
import { afterAll, beforeAll } from "vitest";

/** Call it in the file: other files share the process. "once" is for tests that are about how threads end. */
export function useThreads(how: "once" | "reused"): void {
  const before = process.env.WORLDSIZE_THREADS;
  beforeAll(() => {
    process.env.WORLDSIZE_THREADS = how;
  });
  afterAll(() => {
    process.env.WORLDSIZE_THREADS = before;
  });
}
