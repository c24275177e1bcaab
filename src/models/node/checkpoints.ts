/**
 * Checkpoints of a training run: one folder for each saved step, each whole or not there. A list of its files with
 * their sizes lies in each, so that one which was copied only in part is not taken for whole.
 */
import { dirname, join, resolve } from "node:path";
import { checkWritable, makeFolder } from "../../platform/node/files.ts";
import { parseStrictJson } from "../files/strict-json.ts";
import { asideOf, clearLeftovers, leftoverOf, type NewFile, removeQuietly, writeDirectory } from "./directory.ts";
import { type FileSystem, nodeFiles } from "./file-system.ts";

/** The list of a checkpoint's files. */
const LIST = "checkpoint-files.json";

/** A checkpoint that is whole. */
export interface Checkpoint {
  readonly step: number;
  readonly folder: string;
}

/** Where checkpoints lie. */
export interface CheckpointOptions {
  /** How many of the newest stay; default 2. */
  readonly keep?: number;
  readonly system?: FileSystem;
}

/**
 * Writes the checkpoint of a step, then removes all but the newest `keep`.
 * @param folder of the run's checkpoints; it is made if only it is missing.
 * @throws Error for a full disk or another failure of it: the checkpoints before it are still there. RangeError for a
 *   step that is no whole number from 0 on, or a `keep` below 1.
 */
export async function writeCheckpoint(
  folder: string,
  step: number,
  files: Iterable<NewFile>,
  options: CheckpointOptions = {},
): Promise<Checkpoint> {
  const path = await prepareCheckpoint(folder, step, options);
  await writeDirectory(path, withList(files), options.system);
  await removeOld(folder, path, options);
  return { step, folder: path };
}

/**
 * Makes room for the checkpoint of a step: checks what is asked for, makes the folder, and removes what ended programs left.
 * @returns where it is to be written; all its files and their list (`listOf`), by writeDirectory or its steps.
 * @throws as writeCheckpoint does.
 */
export async function prepareCheckpoint(
  folder: string,
  step: number,
  { keep = 2, system = nodeFiles }: CheckpointOptions,
): Promise<string> {
  if (!(Number.isSafeInteger(step) && step >= 0))
    throw new RangeError(`A step is a whole number from 0 on, not ${step}.`);
  if (!(Number.isSafeInteger(keep) && keep >= 1)) throw new RangeError(`At least 1 checkpoint is kept, not ${keep}.`);
  if (!(await system.stat(folder))) {
    await system.makeFolder(folder);
    await system.syncFolder(dirname(resolve(folder)));
  }
  await clearAll(folder, system);
  return join(folder, nameOf(step));
}

/** Removes all checkpoints but the newest, and the one at `path`. */
export async function removeOld(
  folder: string,
  path: string,
  { keep = 2, system = nodeFiles }: CheckpointOptions,
): Promise<void> {
  for (const { folder: old } of (await checkpointsOf(folder, system)).slice(keep)) {
    if (resolve(old) !== resolve(path)) await removeWhole(old, system);
  }
}

/** The list that makes a folder a checkpoint: its last file. @param sizes bytes of all others, by name. */
export function listOf(sizes: Readonly<Record<string, number>>): NewFile {
  return { name: LIST, chunks: [new TextEncoder().encode(`${JSON.stringify(sizes, null, 2)}\n`)] };
}

/**
 * The newest checkpoint that is whole; undefined where there is none. What an ended program had moved aside comes back.
 */
export async function latestCheckpoint(
  folder: string,
  system: FileSystem = nodeFiles,
): Promise<Checkpoint | undefined> {
  await clearAll(folder, system);
  return (await checkpointsOf(folder, system))[0];
}

/**
 * Makes the folder of a run's checkpoints, and tries to write there: what cannot be saved is known before the training.
 * @throws Error with the system's reason.
 */
export function checkCheckpoints(folder: string): void {
  try {
    makeFolder(folder);
    checkWritable(join(folder, "step"));
  } catch (cause) {
    const reason = (cause as Error).message.split(",")[0];
    throw new Error(`Checkpoints cannot be written to ${folder}: ${reason}. Choose another folder.`, { cause });
  }
}

/** All that are whole, the newest first. */
async function checkpointsOf(folder: string, system: FileSystem): Promise<Checkpoint[]> {
  const found: Checkpoint[] = [];
  for (const name of (await system.list(folder)) ?? []) {
    const step = /^step-[0-9]{8,16}$/.test(name) ? Number(name.slice(5)) : Number.NaN;
    const path = join(folder, name);
    if (Number.isSafeInteger(step) && name === nameOf(step) && (await isWhole(path, system)))
      found.push({ step, folder: path });
  }
  return found.sort((a, b) => b.step - a.step);
}

/** Whether all files of its list are there at their sizes. */
async function isWhole(path: string, system: FileSystem): Promise<boolean> {
  const list = join(path, LIST);
  const found = await system.stat(list);
  if (!found || found.size > 1 << 20) return false;
  let sizes: unknown;
  try {
    sizes = parseStrictJson(list, await system.readAll(list));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
  if (typeof sizes !== "object" || sizes === null || Array.isArray(sizes)) return false;
  for (const [name, size] of Object.entries(sizes)) {
    if (/[/\\\0]/.test(name) || (await system.stat(join(path, name)))?.size !== size) return false;
  }
  return true;
}

/** The files, and behind them the list of them. */
function* withList(files: Iterable<NewFile>): Generator<NewFile> {
  const sizes: Record<string, number> = Object.create(null);
  for (const { name, chunks } of files) {
    sizes[name] = 0;
    yield {
      name,
      chunks: (async function* () {
        for await (const chunk of chunks) {
          sizes[name] += chunk.length;
          yield chunk;
        }
      })(),
    };
  }
  yield listOf(sizes);
}

async function clearAll(folder: string, system: FileSystem): Promise<void> {
  const targets = new Set(((await system.list(folder)) ?? []).flatMap((name) => leftoverOf(name)?.target ?? []));
  for (const target of targets) await clearLeftovers(join(folder, target), system);
}

/** Goes aside first, so that half of it is never taken for a checkpoint. What cannot be removed stays for the next write. */
async function removeWhole(path: string, system: FileSystem): Promise<void> {
  const aside = asideOf(path, "part", system);
  try {
    await system.rename(path, aside);
  } catch {
    return;
  }
  await removeQuietly(aside, system);
}

function nameOf(step: number): string {
  return `step-${String(step).padStart(8, "0")}`;
}
