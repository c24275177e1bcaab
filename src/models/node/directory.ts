/**
 * Writes a folder of files so that it is there whole or not at all. It is made beside its place under a name that says
 * who makes it; every file reaches the disk; then one rename gives it its name. Whatever ends the program before that,
 * a full disk or a kill, leaves what was there. The next write in that place removes what such an end left behind.
 */
import { randomBytes } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { codeOf, type FileSystem, nodeFiles } from "./file-system.ts";

/** A file that is to be written. */
export interface NewFile {
  /** Without folders. */
  readonly name: string;
  /** Its bytes in pieces, asked for one after the other. */
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Milliseconds after which what another living process seems to make is taken for left: its number may be another's now. */
const LONGEST_WRITE = 24 * 3600 * 1000;

/**
 * Writes a folder, in place of what is there under its name. The folder above it must exist.
 * @throws Error for a full disk or another failure of it, with the file; then what was there before is there.
 *   RangeError for a name that is no plain file name or comes twice.
 */
export async function writeDirectory(
  folder: string,
  files: Iterable<NewFile>,
  system: FileSystem = nodeFiles,
): Promise<void> {
  const part = await beginDirectory(folder, system);
  try {
    const names = new Set<string>();
    for (const file of files) {
      if (names.has(file.name))
        throw new RangeError(`Two files named ${JSON.stringify(file.name)} cannot lie in one folder.`);
      names.add(file.name);
      await addFile(folder, part, file, system);
    }
    await endDirectory(folder, part, system);
  } catch (error) {
    await removeQuietly(part, system);
    throw error;
  }
}

/**
 * The first of three steps of writing a folder, where several write it, such as ranks: the folder aside is made. Then each
 * adds files, and when all have, one ends it. Whoever gives up removes what lies aside (`removeQuietly`).
 * @returns the folder aside. @throws as writeDirectory does.
 */
export async function beginDirectory(folder: string, system: FileSystem = nodeFiles): Promise<string> {
  const path = resolve(folder);
  await clearLeftovers(path, system);
  const part = asideOf(path, "part", system);
  try {
    await system.makeFolder(part);
  } catch (error) {
    throw explained(error, path, `making the folder ${part}`);
  }
  return part;
}

/** Adds a file to a folder that is being written, and waits until its bytes are on the disk. @throws as writeDirectory does. */
export async function addFile(
  folder: string,
  part: string,
  { name, chunks }: NewFile,
  system: FileSystem = nodeFiles,
): Promise<void> {
  checkName(name);
  try {
    await writeFile(join(part, name), chunks, system);
  } catch (error) {
    throw explained(error, resolve(folder), `writing ${name}`);
  }
}

/** Gives a folder that was written aside its name. @throws as writeDirectory does. */
export async function endDirectory(folder: string, part: string, system: FileSystem = nodeFiles): Promise<void> {
  const path = resolve(folder);
  try {
    await system.syncFolder(part);
    await replace(path, part, system);
  } catch (error) {
    throw explained(error, path, "moving what was written to its place");
  }
}

/**
 * Refuses a place whose replacement would lose what is not of the same kind.
 * @param isOurs whether a file of that name is one that the new folder replaces.
 * @throws Error for a file in the place of a folder, and for a folder with other things in it.
 */
export async function checkReplaceable(
  folder: string,
  isOurs: (name: string) => boolean,
  system: FileSystem = nodeFiles,
): Promise<void> {
  const path = resolve(folder);
  const found = await system.stat(path);
  if (!found) return;
  if (!found.isFolder) throw new Error(`${path} is a file, and a folder was to be written. Choose another name.`);
  const other = ((await system.list(path)) ?? []).sort().find((name) => !isOurs(name));
  if (other !== undefined)
    throw new Error(`${path} also holds ${other}, which would be lost. Choose a new folder, or an empty one.`);
}

/**
 * Writes one file, in place of the one that is there. The folder above it must exist.
 * @throws Error for a full disk or another failure of it; then what was there before is there.
 */
export async function writeOneFile(
  file: string,
  chunks: NewFile["chunks"],
  system: FileSystem = nodeFiles,
): Promise<void> {
  const path = resolve(file);
  await clearLeftovers(path, system);
  const part = asideOf(path, "part", system);
  let doing = "writing it";
  try {
    if ((await system.stat(path))?.isFolder) throw new RangeError(`${path} is a folder, and a file was to be written.`);
    await writeFile(part, chunks, system);
    doing = "moving what was written to its place";
    await system.rename(part, path); // takes the place of a file at once
  } catch (error) {
    await removeQuietly(part, system);
    throw explained(error, path, doing);
  }
  await system.syncFolder(dirname(path));
}

/** What is there goes aside, what is new takes its name; what went aside is removed after that is on the disk. */
async function replace(path: string, part: string, system: FileSystem): Promise<void> {
  const old = (await system.stat(path)) && asideOf(path, "old", system);
  let moved = false;
  if (old) await system.rename(path, old);
  try {
    await system.rename(part, path);
    moved = true;
    await system.syncFolder(dirname(path));
  } catch (error) {
    if (moved) await system.rename(path, part);
    if (old) await system.rename(old, path);
    throw error;
  }
  // From here on the new folder is there: what cannot be removed now is left to the next write.
  if (old) await removeQuietly(old, system);
}

/**
 * Puts in order what an ended program left beside a folder: what it had moved aside and not replaced comes back, all
 * else is removed. What a living process makes stays.
 */
export async function clearLeftovers(path: string, system: FileSystem = nodeFiles): Promise<void> {
  const above = dirname(resolve(path));
  for (const name of (await system.list(above)) ?? []) {
    const found = leftoverOf(name);
    if (found?.target !== basename(path) || !(await isLeft(join(above, name), found.pid, system))) continue;
    const target = join(above, found.target);
    if (found.kind === "old" && !(await system.stat(target))) await system.rename(join(above, name), target);
    else await removeQuietly(join(above, name), system);
  }
}

/** What a name says of a folder that is being made or was moved aside; undefined for other names. */
export function leftoverOf(name: string): { target: string; pid: number; kind: "part" | "old" } | undefined {
  const match = /^\.(.+)\.worldsize-([0-9]+)-[0-9a-f]{8}\.(part|old)$/.exec(name);
  return match ? { target: match[1], pid: Number(match[2]), kind: match[3] as "part" | "old" } : undefined;
}

/** A name beside a folder that nobody else takes. */
export function asideOf(path: string, kind: "part" | "old", { pid }: FileSystem): string {
  return join(dirname(path), `.${basename(path)}.worldsize-${pid}-${randomBytes(4).toString("hex")}.${kind}`);
}

/** Whether nobody makes it any more. */
async function isLeft(path: string, pid: number, system: FileSystem): Promise<boolean> {
  if (!system.isAlive(pid)) return true;
  const modified = (await system.stat(path))?.modified ?? 0;
  // A process of the same number that was started later has not made it: containers begin with the same numbers.
  return modified < (pid === system.pid ? system.started - 1000 : Date.now() - LONGEST_WRITE);
}

async function writeFile(path: string, chunks: NewFile["chunks"], system: FileSystem): Promise<void> {
  const file = await system.create(path);
  try {
    for await (const chunk of chunks) await file.write(chunk);
    await file.sync();
  } catch (error) {
    await file.close().catch(() => {}); // the first failure is the one to tell of
    throw error;
  }
  await file.close();
}

function checkName(name: string): void {
  if (name === "" || name === "." || name === ".." || /[/\\\0]/.test(name))
    throw new RangeError(`${JSON.stringify(name)} is no plain file name.`);
}

/** Removes what may be there; what cannot be removed stays. */
export async function removeQuietly(path: string, system: FileSystem): Promise<void> {
  await system.remove(path).catch(() => {});
}

function explained(error: unknown, path: string, doing: string): unknown {
  const code = codeOf(error);
  if (code === "") return error;
  const cause = (error as Error).message.split(",")[0];
  const reason = ["ENOSPC", "EDQUOT"].includes(code) ? `The disk is full (${cause})` : cause;
  return new Error(
    `${path} was not written: ${reason}, while ${doing}. What was there before is unchanged.` +
      (reason === cause ? "" : " Make room, or write elsewhere."),
    { cause: error },
  );
}
