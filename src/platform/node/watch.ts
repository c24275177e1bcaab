/** Tells when a file in a folder has been written. */
import { readdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { isOnWindowsDisk } from "./paths.ts";
import { type System, thisSystem } from "./system.ts";

/** Milliseconds between two looks where the system tells nothing. */
const LOOK = 300;

/**
 * Calls back with the name of each file that changes. Disks of Windows do not tell Linux of changes:
 * there, and wherever watching is refused, the folder is looked at again and again.
 */
export function watchFolder(
  folder: string,
  changed: (file: string) => void,
  system: System = thisSystem(),
): { close(): void } {
  if (isOnWindowsDisk(folder, system)) return lookRegularly(folder, changed);
  try {
    const watched = watch(folder, (_, file) => {
      if (file !== null) changed(file);
    });
    watched.on("error", () => {}); // the folder is gone: nothing changes in it any more
    return watched;
  } catch {
    return lookRegularly(folder, changed); // the system watches as much as it can already
  }
}

function lookRegularly(folder: string, changed: (file: string) => void): { close(): void } {
  let before = timesIn(folder);
  const timer = setInterval(() => {
    const now = timesIn(folder);
    for (const [file, time] of now) if (before.get(file) !== time) changed(file);
    before = now;
  }, LOOK);
  return { close: () => clearInterval(timer) };
}

/** When each file was last written, as far as it can be seen. */
function timesIn(folder: string): Map<string, number> {
  const times = new Map<string, number>();
  try {
    for (const file of readdirSync(folder)) {
      const time = statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs;
      if (time !== undefined) times.set(file, time);
    }
  } catch {
    // the folder is gone, or cannot be read at the moment
  }
  return times;
}
