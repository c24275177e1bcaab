/**
 * Where in the reader's program an operation was called. Capturing costs about a
 * microsecond, turning it into text far more, so the text is made only for a report.
 */

import { cut } from "./text.ts";

const isBuilt = import.meta.url.includes("/dist/");

/** A folder beside this file, as frames name it: with or without the scheme. */
const placeOf = (folder: string): string => new URL(folder, import.meta.url).href.replace(/^file:\/\//, "");

/** Folders whose frames are ours, not the reader's: the built library, or its sources. */
const ours = (isBuilt ? ["./"] : ["../", "../../dist/"]).map(placeOf);

/** The course's programs are the reader's, also where the package is installed among others. */
const course = placeOf(isBuilt ? "../course/" : "../../course/");

/** Frames that are looked at: the library's own, and the first of the program. */
const FRAMES = 12;

/** Most characters of a site: a file's name and a line. */
const LONGEST = 160;

export interface Site {
  readonly stack?: string;
  /** The site as text, where another thread has it. */
  readonly text?: string;
}

/** Remembers the caller. @param frames that are looked at, for what lies deep in the library. */
export function captureSite(frames = FRAMES): Site {
  const holder: Site = {};
  const limit = Error.stackTraceLimit;
  Reflect.set(Error, "stackTraceLimit", frames); // where a program is locked up, that stays what it is
  Error.captureStackTrace?.(holder, captureSite);
  Reflect.set(Error, "stackTraceLimit", limit);
  return holder;
}

/** `train.ts:41`, or an empty string when no frame of the reader's is known. */
export function formatSite(site: Site | undefined): string {
  if (site?.text !== undefined) return site.text;
  const frame = userFrame(site?.stack ?? "");
  return frame ? `${cut(frame.file, LONGEST)}:${frame.line}` : "";
}

/** The first frame of a stack that lies in the reader's program. */
export function userFrame(stack: string): { file: string; path: string; line: number } | undefined {
  for (const text of stack.split("\n")) {
    const match = /(?:\(|at (?:async )?|@)((?:file:\/\/|blob:|https?:\/\/|\/|[A-Za-z]:\\)[^()]*?):(\d+):\d+\)?$/.exec(
      text.trim(),
    );
    if (!match) continue;
    const path = slashed(match[1].replace(/^file:\/\//, "").replace(/\?.*$/, ""));
    const isForeign = path.includes("/node_modules/") && !path.startsWith(course);
    if (isForeign || ours.some((folder) => path.startsWith(folder))) continue;
    return { file: path.slice(path.lastIndexOf("/") + 1), path, line: Number(match[2]) };
  }
  return undefined;
}

/** A path of Windows as it stands in a URL: `C:\a\b.ts` is `/C:/a/b.ts`. Others stay as they are. */
function slashed(path: string): string {
  return /^[A-Za-z]:\\/.test(path) ? `/${path.replaceAll("\\", "/")}` : path;
}
