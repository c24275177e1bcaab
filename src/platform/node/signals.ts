/**
 * How processes are asked to end, and what is known of how they ended.
 *
 * A process is ended by SIGKILL everywhere; where there are no signals (Windows), Node ends it all
 * the same. Nobody makes groups of processes. A rank whose launcher is gone ends by itself, because
 * the channel between them closes; and what a rank's program has started goes on, except on
 * Windows, where Node ends it together with the rank.
 */
import { constants } from "node:os";
import { type System, thisSystem } from "./system.ts";

/** A signal that stops a job, and the exit code that the shell expects then: 128 and the signal's number. */
export interface StopSignal {
  readonly signal: NodeJS.Signals;
  readonly exitCode: number;
  /** Whether a terminal sends it to everything that it has started: ranks leave it to their launcher. */
  readonly shared: boolean;
}

/** Ctrl-C everywhere; what else people and programs stop a command by. */
export function stopSignals({ platform }: Pick<System, "platform"> = thisSystem()): readonly StopSignal[] {
  const interrupt: StopSignal = { signal: "SIGINT", exitCode: 130, shared: true };
  if (platform !== "win32") return [interrupt, { signal: "SIGTERM", exitCode: 143, shared: false }];
  // SIGTERM never comes there; Ctrl-Break does, and the window may be closed, which leaves some seconds.
  return [
    interrupt,
    { signal: "SIGBREAK", exitCode: 149, shared: true },
    { signal: "SIGHUP", exitCode: 129, shared: true },
  ];
}

/** From here on a process that crashed on Windows has its codes; other systems stop at 255. */
const CRASHES = 0xc0000000;

/** How a process ended, to be said of it: `was killed by SIGKILL`; and the exit code that a shell gives for that. */
export function endOf(code: number | null, signal: NodeJS.Signals | null): { detail: string; exitCode: number } {
  if (signal) return { detail: `was killed by ${signal}`, exitCode: 128 + constants.signals[signal] };
  if (code !== null && code >= CRASHES) return { detail: `crashed (0x${code.toString(16)})`, exitCode: 1 };
  return { detail: `ended its process with exit code ${code}`, exitCode: code || 1 };
}
