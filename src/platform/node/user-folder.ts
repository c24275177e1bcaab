/**
 * The folder of temporary files where nobody but this user can put, move or exchange
 * anything. What is removed automatically is looked for in there and nowhere else: in a shared
 * folder, somebody else could put a link under the name that is about to be removed.
 */
import { lstatSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { isWithin } from "./paths.ts";
import { type System, thisSystem } from "./system.ts";

/**
 * `worldsize-<uid>` in the temporary folder, made if it is missing. Where users have no numbers (Windows): `worldsize`,
 * if temporary files lie in the user's own folder, which the system keeps for that user.
 * @returns undefined where another user has that name, others may write in it, or nobody can tell.
 */
export function userFolder(given?: string, system: System = thisSystem()): string | undefined {
  const { uid } = system;
  const tmp = resolve(given ?? system.tmp);
  if (uid === undefined && !isWithin(system.home, tmp)) return undefined;
  const folder = join(tmp, uid === undefined ? "worldsize" : `worldsize-${uid}`);
  try {
    mkdirSync(folder, 0o700);
  } catch {
    // it is there, which is checked below, or it cannot be made, and then it is not
  }
  const found = lstatSync(folder, { throwIfNoEntry: false }); // a link is not followed: it could lead anywhere
  if (!found?.isDirectory()) return undefined;
  const mine = uid === undefined || (found.uid === uid && (found.mode & 0o077) === 0);
  return mine ? folder : undefined;
}
