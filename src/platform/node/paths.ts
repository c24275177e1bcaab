/** Paths, whose form differs between systems. */
import { realpathSync } from "node:fs";
import { isAbsolute, parse, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { type System, thisSystem } from "./system.ts";

/** The URL by which a file is imported: a Windows path is not one, because its disk would be taken for a scheme. */
export function fileUrl(path: string, { platform }: Pick<System, "platform"> = thisSystem()): string {
  return pathToFileURL(path, { windows: platform === "win32" }).href;
}

/** `/`, or the disk that a path is on: `C:\`. */
export function rootOf(path: string): string {
  return parse(resolve(path)).root;
}

/** Whether a path lies in a folder, whatever links and short names lead to either. */
export function isWithin(folder: string, path: string): boolean {
  try {
    const way = relative(realpathSync.native(folder), realpathSync.native(path));
    return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  } catch {
    return false; // one of them is not there
  }
}

/** Whether a path lies on a disk of Windows, seen from Windows Subsystem for Linux. */
export function isOnWindowsDisk(path: string, { windowsDisks }: Pick<System, "windowsDisks"> = thisSystem()): boolean {
  return windowsDisks.some((disk) => isWithin(disk, path));
}
