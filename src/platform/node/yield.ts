/**
 * Gives the core to another thread. Where ranks outnumber cores, a rank that polls keeps the one
 * it waits for from running; one that sleeps takes 20 to 50 µs to wake. Asking the system to run
 * somebody else in between (sched_yield) is what MPI libraries do there, and what neither
 * JavaScript nor Node offers; koffi does, where it is installed.
 */
import { createRequire } from "node:module";

/** Where the call lives, by system. */
const places: Partial<Record<NodeJS.Platform, readonly [library: string, signature: string]>> = {
  linux: ["libc.so.6", "int sched_yield()"],
  darwin: ["libSystem.B.dylib", "int sched_yield()"],
  win32: ["kernel32.dll", "int SwitchToThread()"],
};

interface Koffi {
  load(path: string): { func(signature: string): () => unknown };
}

/** @returns the call, or undefined where it cannot be made or WORLDSIZE_YIELD is off. Opening takes some milliseconds. */
export function openYield(): (() => void) | undefined {
  const place = places[process.platform];
  if (!place || process.env.WORLDSIZE_YIELD === "off") return undefined;
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    return koffi.load(place[0]).func(place[1]);
  } catch {
    return undefined; // not installed, or musl's libc under another name: ranks sleep instead
  }
}
