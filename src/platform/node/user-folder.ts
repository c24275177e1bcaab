/**
 * The folder of temporary files where nobody but this user can put, move or exchange
 * anything. What is removed automatically is looked for in there and nowhere else: in a shared
 * folder, somebody else could put a link under the name that is about to be removed.
 */
import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * `worldsize-<uid>` in the temporary folder, made if it is missing.
 * @returns undefined where another user has that name, others may write in it, or the system has no users.
 */
export function userFolder(tmp = tmpdir()): string | undefined {
  const uid = process.geteuid?.();
  if (uid === undefined) return undefined;
  const folder = join(resolve(tmp), `worldsize-${uid}`);
  try {
    mkdirSync(folder, 0o700);
  } catch {
    // it is there, which is checked below, or it cannot be made, and then it is not
  }
  const found = lstatSync(folder, { throwIfNoEntry: false }); // a link is not followed: it could lead anywhere
  const mine = found?.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0;
  return mine ? folder : undefined;
}
