/**
 * Gives the core to another thread. Where ranks outnumber cores, a rank that polls keeps the one
 * it waits for from running; one that sleeps takes 20 to 50 µs to wake. Asking the system to run
 * somebody else in between (sched_yield) is what MPI libraries do there, and what neither
 * JavaScript nor Node offers; koffi does, where it is installed.
 */
import { createRequire } from "node:module";
import { yieldCalls } from "./libraries.ts";
import { type System, thisSystem } from "./system.ts";

/** What we use of koffi. */
export interface Koffi {
  load(path: string): { func(signature: string): () => unknown };
}

/**
 * @param load finds koffi.
 * @returns the call, or undefined where it cannot be made or WORLDSIZE_YIELD is off: ranks sleep instead. Opening takes
 * some milliseconds.
 */
export function openYield(
  system: System = thisSystem(),
  load: () => Koffi = () => createRequire(import.meta.url)("koffi"),
): (() => void) | undefined {
  if (system.env.WORLDSIZE_YIELD === "off") return undefined;
  for (const { library, signature } of yieldCalls(system)) {
    try {
      return load().load(library).func(signature);
    } catch {
      // not installed, or no such library: the next one
    }
  }
  return undefined;
}
