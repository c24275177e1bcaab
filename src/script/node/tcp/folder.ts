/** Private folders for socket files: made for one process, and swept after it if it could not do so itself. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that only this user can enter; the caller removes it. Those of processes that were killed go now. */
export function privateFolder(): string {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(/^worldsize-(\d+)-\w{6}$/.exec(name)?.[1] ?? 0);
    if (pid > 0 && !isAlive(pid)) sweep(join(tmpdir(), name));
  }
  return mkdtempSync(join(tmpdir(), `worldsize-${process.pid}-`));
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
