/** The process of one rank that the launcher starts: gets its orders, hosts the rank, reports the end. */

import type { Shown } from "../show.ts";
import { type HostEnd, type HostOptions, RankHost } from "./tcp/host.ts";
import { JoinError } from "./tcp/line.ts";

/** What the process tells the launcher. */
export type ProcessMessage =
  | { readonly type: "ready" }
  | { readonly type: "shown"; readonly shown: Shown }
  | { readonly type: "joinFailed"; readonly message: string }
  /** What the process prints is lost from here on. */
  | { readonly type: "unprinted"; readonly reason: string }
  | HostEnd;

function tell(message: ProcessMessage, then?: () => void): void {
  process.send?.(message, undefined, {}, then);
}

process.on("SIGINT", () => {}); // Ctrl-C reaches the launcher too, which ends its ranks in order
process.on("disconnect", () => process.exit(1)); // the launcher is gone: so is the job
process.once("message", (options: HostOptions) => void run(options));
// A full disk under a log, or a reader that has gone: no reason for the program to end.
for (const name of ["stdout", "stderr"] as const) {
  let told = false;
  process[name].on("error", ({ code, message }: NodeJS.ErrnoException) => {
    if (!told && code !== "EPIPE") tell({ type: "unprinted", reason: message });
    told = true;
  });
}
tell({ type: "ready" });

async function run(options: HostOptions): Promise<void> {
  const leave = (code: number) => () => process.exit(code);
  try {
    const end = await new RankHost(options, (shown) => tell({ type: "shown", shown })).run();
    tell(end, leave(end.ending.ok ? 0 : 1));
  } catch (error) {
    const message = error instanceof JoinError ? error.message : String((error as Error).stack);
    tell({ type: "joinFailed", message }, leave(1));
  }
}
