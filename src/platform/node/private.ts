/** Where a user's own files lie, and who else can read one. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { isOnWindowsDisk, isWithin } from "./paths.ts";
import { type System, thisSystem } from "./system.ts";

/** The folder of what worldsize keeps for a user: in `~/.config`, on Windows in `AppData\Local`. */
export function configFolder(system: System = thisSystem()): string {
  const { platform, env } = system;
  const usual = (): string =>
    platform === "win32" ? env.LOCALAPPDATA || join(system.home, "AppData", "Local") : join(system.home, ".config");
  return join(env.XDG_CONFIG_HOME || usual(), "worldsize");
}

/**
 * Why others may be able to read what is in a file, with what to do; undefined if only this user can. Windows has no
 * modes: there, what lies in the user's own folder is the user's alone, and of anything else nobody can tell.
 * @param what is in it: `the secret`. @throws Error with the system's reason when the file cannot be looked at.
 */
export function whyReadable(what: string, file: string, system: System = thisSystem()): string | undefined {
  const { mode } = statSync(file);
  if (system.platform === "win32") {
    if (isWithin(system.home, file)) return undefined;
    return `Whether others can read ${what} in ${file} cannot be determined on this system. Move it into ${system.home}.`;
  }
  if ((mode & 0o077) === 0) return undefined;
  const shown = (mode & 0o777).toString(8);
  if (!isOnWindowsDisk(file, system))
    return `Others can read ${what} in ${file} (mode ${shown}). Run: chmod 600 ${file}`;
  return (
    `Others can read ${what} in ${file} (mode ${shown}), and on a disk of Windows chmod may change nothing. ` +
    `Move it into ${system.home}.`
  );
}
