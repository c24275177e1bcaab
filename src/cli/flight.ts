/**
 * The flight recorders of failed jobs, one folder each. They are kept in this user's own
 * folder of temporary files, where the newest take the place of the oldest.
 */
import { mkdtempSync, readdirSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { userFolder } from "../platform/node/user-folder.ts";
import type { FlightRecord } from "../world/core/recorder.ts";

/** Failed jobs whose recorders are kept. */
const KEPT = 20;
/** When the job failed, in milliseconds, and what `mkdtemp` adds. */
const folderName = /^flight-\d{13}-\w{6}$/;
const fileName = /^rank-\d+\.jsonl$/;

/**
 * Writes the flight recorders of a failed job into a new folder.
 * @returns its path, or undefined if nothing was recorded.
 * @throws Error with the system's reason when they cannot be written.
 */
export function dumpFlight(flight: readonly (readonly FlightRecord[])[]): string | undefined {
  if (flight.every((records) => records.length === 0)) return undefined;
  const own = userFolder();
  if (own) removeOldest(own);
  const folder = mkdtempSync(own ? join(own, `flight-${Date.now()}-`) : join(tmpdir(), "worldsize-flight-"));
  try {
    flight.forEach((records, rank) => {
      const lines = records.map((record) => `${JSON.stringify(record)}\n`);
      writeFileSync(join(folder, `rank-${rank}.jsonl`), lines.join(""));
    });
  } catch (error) {
    removeRecords(folder); // half of them would pass for all
    throw error;
  }
  return folder;
}

/** Makes room for one more. Removes files of recorders alone; a folder with anything else in it stays. */
function removeOldest(own: string): void {
  const folders = readdirSync(own).filter((name) => folderName.test(name));
  for (const name of folders.sort().slice(0, Math.max(0, folders.length - KEPT + 1))) {
    removeRecords(join(own, name));
  }
}

function removeRecords(folder: string): void {
  try {
    for (const file of readdirSync(folder)) if (fileName.test(file)) unlinkSync(join(folder, file));
    rmdirSync(folder);
  } catch {
    // another job removed it first, or something was put into it: then it stays
  }
}
