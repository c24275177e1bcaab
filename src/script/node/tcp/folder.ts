/** Private folders for socket files: made for one process, and swept after it if it could not do so itself. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JoinError } from "./line.ts";

/** Characters that the path of a folder may have: those of a Unix socket are few (104 on macOS, 108 on Linux). */
const LONGEST = 80;

/**
 * A folder that only this user can enter; the caller removes it. Those of processes that were killed go now.
 * @throws JoinError when none can be made.
 */
export function privateFolder(): string {
  const parent = tmpdir().length + 20 > LONGEST ? "/tmp" : tmpdir();
  try {
    for (const name of readdirSync(parent)) {
      const pid = Number(/^worldsize-(\d+)-\w{6}$/.exec(name)?.[1] ?? 0);
      if (pid > 0 && !isAlive(pid)) sweep(join(parent, name));
    }
    return mkdtempSync(join(parent, `worldsize-${process.pid}-`));
  } catch (error) {
    throw new JoinError(`No folder for sockets could be made in ${parent}: ${(error as Error).message}. Set TMPDIR.`);
  }
}

/** Whether a process exists, or existed as another user's, whose folder is not ours to remove. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function sweep(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // another user's: theirs to remove
  }
}
