/** The process of one rank that the launcher starts: gets its orders, hosts the rank, reports the end. */
import { stopSignals } from "../../platform/node/signals.ts";
import type { Output } from "../output.ts";
import { JoinError } from "./processes/control-connection.ts";
import { type HostEnd, type HostOptions, RankHost } from "./processes/host.ts";

/** What the process tells the launcher. */
export type ProcessMessage =
  | { readonly type: "output"; readonly items: readonly Output[] }
  | { readonly type: "joinFailed"; readonly message: string }
  /** What the process prints is lost from here on. */
  | { readonly type: "unprinted"; readonly reason: string }
  | HostEnd;

/** What the launcher tells the process. */
export type ProcessReply =
  | { readonly type: "orders"; readonly options: HostOptions }
  /** `bytes` of output have been taken. */
  | { readonly type: "taken"; readonly bytes: number };

/** Output that goes with the next message, and about its bytes. */
const waiting: Output[] = [];
let bytes = 0;
/** Bytes that are worth a message of their own. */
const FULL = 64 * 1024;
let host: RankHost | undefined;

function tell(message: ProcessMessage, then?: () => void): void {
  process.send?.(message, undefined, {}, then);
}

/** Takes output, and sends what has come in this turn of the event loop together. */
function take(output: Output): void {
  waiting.push(output);
  bytes += output.cost;
  if (bytes >= FULL) flush();
  else if (waiting.length === 1) setImmediate(flush);
}

function flush(): void {
  const items = waiting.splice(0);
  bytes = 0;
  if (items.length === 0) return;
  try {
    tell({ type: "output", items });
  } catch {
    for (const item of items) alone(item);
  }
}

/** Not all that threads can be given can be given to processes: what cannot is said to be missing. */
function alone(item: Output): void {
  try {
    tell({ type: "output", items: [item] });
  } catch (error) {
    const { rank, cost } = item;
    const what = item.type === "shown" ? `showed a ${item.shown.kind}` : "printed something";
    const text = `rank ${rank} ${what} that cannot leave its process: ${(error as Error).message}\n`;
    tell({ type: "output", items: [{ type: "printed", rank, stream: "stderr", text, cost }] });
  }
}

// Ctrl-C reaches the launcher too, which ends its ranks in order.
for (const { signal, shared } of stopSignals()) if (shared) process.on(signal, () => {});
process.on("disconnect", () => process.exit(1)); // the launcher is gone: so is the job
process.on("message", (reply: ProcessReply) => {
  if (reply.type === "orders") void run(reply.options);
  else host?.taken(reply.bytes);
});
// A full disk under a log, or a reader that has gone: no reason for the program to end.
for (const name of ["stdout", "stderr"] as const) {
  let told = false;
  process[name].on("error", ({ code, message }: NodeJS.ErrnoException) => {
    if (!told && code !== "EPIPE") tell({ type: "unprinted", reason: message });
    told = true;
  });
}

async function run(options: HostOptions): Promise<void> {
  const leave = (code: number) => () => process.exit(code);
  try {
    host = new RankHost(options, take);
    const end = await host.run();
    flush();
    tell(end, leave(end.ending.ok ? end.exitCode : end.exitCode || 1));
  } catch (error) {
    flush();
    const message = error instanceof JoinError ? error.message : String((error as Error).stack);
    tell({ type: "joinFailed", message }, leave(1));
  }
}
