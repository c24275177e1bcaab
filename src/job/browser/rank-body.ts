/** What a thread of ranks has of a page: its console, its uncaught errors. */
import type { RankBody } from "../roles/rank.ts";
import type { RankStart } from "../start.ts";

/** Which of a console's methods prints to which stream. */
const methods = { log: "stdout", info: "stdout", debug: "stdout", warn: "stderr", error: "stderr" } as const;

export const pageBody: RankBody = {
  place: ({ transport, size, rank }: RankStart) => ({
    process: 0,
    thread: rank + 1,
    transport,
    ranks: Array.from({ length: size }, () => ({ host: location.host, process: 0 })),
    blas: { reason: "a page has none" },
    reach: () => transport,
  }),
  env: {},
  capture(output, rank) {
    for (const [method, stream] of Object.entries(methods) as [keyof typeof methods, "stdout" | "stderr"][]) {
      console[method] = (...values: unknown[]) => output.print(rank, stream, `${values.map(String).join(" ")}\n`);
    }
  },
  onUncaught(fail) {
    self.addEventListener("error", (event) => {
      event.preventDefault();
      fail(event.error ?? new Error(event.message));
    });
    self.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      fail(event.reason);
    });
  },
  onStill() {}, // a page cannot tell
  exitCode: () => 0,
  isIdle: () => false, // nor this
  exit: () => self.close(),
};
