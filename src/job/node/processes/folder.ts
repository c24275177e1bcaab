/**
 * Private folders for socket files, one per process: made in this user's own folder, and
 * swept by a later launch if the process was killed. Nothing is ever removed but sockets
 * with the names that are given here, and the folder once it is empty.
 */
import { createHash } from "node:crypto";
import { lstatSync, mkdtempSync, readdirSync, readlinkSync, rmdirSync, unlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { hostName } from "../../../platform/node/hostname.ts";
import { isOnWindowsDisk } from "../../../platform/node/paths.ts";
import { longestSocketPath } from "../../../platform/node/sockets.ts";
import { type System, thisSystem } from "../../../platform/node/system.ts";
import { userFolder } from "../../../platform/node/user-folder.ts";
import { JoinError } from "./control-connection.ts";

/** The socket of a job's coordinator. */
export const JOB_SOCKET = "job.sock";

/** The socket of a rank. Each start of a job has names of its own: a process that was killed leaves its socket. */
export function rankSocket(rank: number, generation: number): string {
  return `rank-${rank}.g${generation}.sock`;
}

const socketName = /^(job|rank-\d+\.g\d+)\.sock$/;
/** Process, machine, and what `mkdtemp` adds. */
const folderName = /^(\d+)-([0-9a-f]{6})-\w{6}$/;
/** The longest path below a temporary folder, as long as there are 10,000 ranks and a million restarts at most. */
const LONGEST_BELOW = join("worldsize-4294967295", "4194304-abcdef-abcdef", rankSocket(9999, 999_999));

/** A private folder for sockets; undefined where they have no paths, and ranks meet at ports (Windows). */
export function socketFolder(system: System = thisSystem()): string | undefined {
  return longestSocketPath(system) === undefined ? undefined : privateFolder(system.tmp, system);
}

/**
 * A folder that only this user can enter; `removeFolder` is the caller's to call. Those of processes that were killed go now.
 * @param given where to make it; /tmp if no socket can be in there, or would have a longer path than the system takes.
 * @throws JoinError when none can be made.
 */
export function privateFolder(given?: string, system: System = thisSystem()): string {
  const tmp = resolve(given ?? system.tmp);
  const parent = fits(tmp, longestSocketPath(system) ?? 0) && !isOnWindowsDisk(tmp, system) ? tmp : "/tmp";
  const own = userFolder(parent, system);
  try {
    if (!own) return mkdtempSync(join(parent, `worldsize-${process.pid}-`));
    const here = machine(system);
    for (const name of readdirSync(own)) {
      const [, pid, where] = folderName.exec(name) ?? [];
      if (where === here && !isAlive(Number(pid))) removeFolder(join(own, name));
    }
    return mkdtempSync(join(own, `${process.pid}-${here}-`));
  } catch (error) {
    throw new JoinError(`No folder for sockets could be made in ${parent}: ${(error as Error).message}. Set TMPDIR.`);
  }
}

/** Removes a private folder with the sockets in it. What else there is stays, and the folder with it. */
export function removeFolder(folder: string | undefined): void {
  if (folder === undefined) return;
  try {
    if (!lstatSync(folder).isDirectory()) return; // a link leads to what is somebody's
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (socketName.test(name) && lstatSync(path).isSocket()) unlinkSync(path);
    }
    rmdirSync(folder);
  } catch {
    // gone already: another launch sweeps, too; or not empty, and then not ours to remove
  }
}

/** Whether every socket in a folder of this one has a path that the system takes. It counts bytes, not characters. */
function fits(tmp: string, longest: number): boolean {
  return Buffer.byteLength(join(tmp, LONGEST_BELOW)) <= longest;
}

/** What the number of a process means something in: this boot of this machine, and this container. */
function machine(system: System): string {
  let processes = "";
  try {
    processes = readlinkSync("/proc/self/ns/pid");
  } catch {
    // a system without namespaces
  }
  return createHash("sha256")
    .update(`${hostName(system)}/${processes}`)
    .digest("hex")
    .slice(0, 6);
}

/** Whether a process exists. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
