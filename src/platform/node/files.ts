/**
 * Files and folders of people who are not asked again: what was there stays whole until
 * what comes in its place is whole, and what cannot be written is known before the work.
 */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type System, thisSystem } from "./system.ts";

/** Milliseconds of the longest pause before another attempt. */
const LONGEST_WAIT = 64;

/**
 * Makes a folder and those above it. Node's own way (`recursive`) never returns in places
 * that exist and take no folders, such as /proc.
 * @throws Error with the system's reason.
 */
export function makeFolder(folder: string, mode = 0o777): void {
  try {
    mkdirSync(folder, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && statOf(folder)?.isDirectory()) return;
    const above = dirname(resolve(folder));
    if (code !== "ENOENT" || above === resolve(folder) || statOf(above)) throw error; // a disk that is not there
    makeFolder(above, mode);
    mkdirSync(folder, mode);
  }
}

/**
 * Writes a file in one step: it is made aside and gets its name when it is whole, so nobody
 * ever reads half of it and a full disk costs nothing. Where a new file in its place would be
 * another thing (a device, a link, another user's file, one of several names), it is written where it is.
 * @throws Error with the system's reason; then what was there before is still there.
 */
export function writeWhole(file: string, text: string): void {
  const old = statOf(file);
  if (!old ? isLink(file) : !isReplaceable(old)) {
    writeFileSync(file, text);
    return;
  }
  const path = old ? realpathSync(file) : file;
  const part = partOf(path);
  try {
    writeFileSync(part, text, { flag: "wx" });
    if (old) chmodSync(part, old.mode & 0o777);
    patiently(() => renameSync(part, path));
  } catch (error) {
    rmSync(part, { force: true });
    if (!old || !["EACCES", "EPERM", "EBUSY"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    writeFileSync(path, text); // the folder takes no other file, but this one may be written
  }
}

/**
 * Whether `writeWhole` could write a file now; changes nothing.
 * @throws Error with the reason why not.
 */
export function checkWritable(file: string): void {
  const old = statOf(file);
  if (old?.isDirectory()) throw new Error("it is a folder");
  if (old) {
    accessSync(file, constants.W_OK);
    return;
  }
  const folder = dirname(resolve(file));
  const above = statOf(folder);
  if (!above) throw new Error(`the folder ${folder} does not exist`);
  if (!above.isDirectory()) throw new Error(`${folder} is not a folder`);
  const part = partOf(file);
  try {
    writeFileSync(part, "", { flag: "wx" });
  } catch (error) {
    throw new Error(`${(error as Error).message.split(",")[0]} in ${folder}`);
  }
  rmSync(part, { force: true });
}

/**
 * Does what Windows refuses while another program has the file open, a virus scanner say: it tries again for a moment.
 * Elsewhere a refusal is meant.
 */
export function patiently(body: () => void, { platform }: Pick<System, "platform"> = thisSystem()): void {
  for (let wait = 1; ; wait *= 2) {
    try {
      body();
      return;
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (platform !== "win32" || wait > LONGEST_WAIT || !["EACCES", "EPERM", "EBUSY"].includes(code)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, wait);
    }
  }
}

/** A name beside a file that nobody else takes. */
function partOf(file: string): string {
  return join(dirname(file), `.worldsize-${process.pid}-${randomBytes(4).toString("hex")}.part`);
}

/** A file of this user's under one name only: a new file may take its place. */
function isReplaceable(old: Stats): boolean {
  return old.isFile() && old.nlink === 1 && old.uid === (process.geteuid?.() ?? old.uid);
}

function isLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** What a path leads to, undefined if there is nothing. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined; // something above it is a file
    throw error;
  }
}
