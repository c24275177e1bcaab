/**
 * Compiled programs that are kept for the next run, and what each of them rests on: the files it
 * was made of as they were read, the settings that apply to them, and the files that are not there
 * but would be taken instead if they were (`resting.ts`). A program lies in a file that is named by its contents,
 * and is written whole before its entry is: two that compile at once disturb nobody, and no run that has begun
 * finds another program in its file.
 */
import { createHash } from "node:crypto";
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { makeFolder, writeWhole } from "../../platform/node/files.ts";
import { userFolder } from "../../platform/node/user-folder.ts";

/** A path, and the word for what is there. */
export type Resting = readonly (readonly [path: string, word: string])[];

interface Entry {
  /** Hash of the program, which names its file. */
  readonly program: string;
  readonly rests: Resting;
}

/** Milliseconds for which programs stay that others have replaced: a job may still start ranks from them. */
const KEPT = 7 * 24 * 3600 * 1000;

/** A short hash. */
export function hashOf(...texts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\0");
  return hash.digest("hex").slice(0, 20);
}

/** The word for a file: its contents, and where it really is if that is elsewhere. */
export const fileWord = (path: string, contents: Uint8Array, real = path): string =>
  real === path ? hashOf(contents) : `${hashOf(contents)} ${real}`;

/** The word for whatever is at a path; an empty one for nothing. */
export function wordAt(path: string): string {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return "";
    const real = realpathSync.native(path);
    return stat.isFile() ? fileWord(path, readFileSync(path), real) : `folder ${real}`;
  } catch {
    return "";
  }
}

/** The place of one kept program, under a name that says what it is made from, and how. */
export class KeptProgram {
  readonly #folder: string;
  readonly #name: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  /** @returns the program's file, or undefined when it has to be made anew. */
  find(): string | undefined {
    try {
      const { program, rests } = JSON.parse(readFileSync(this.#entry, "utf8")) as Entry;
      const file = this.#file(program);
      const isWhole = hashOf(readFileSync(file)) === program;
      return isWhole && rests.every(([path, word]) => wordAt(path) === word) ? file : undefined;
    } catch {
      return undefined;
    }
  }

  /** @param rests undefined if that cannot be told: the program serves this run only. @returns its file. */
  keep(code: string, rests: Resting | undefined): string {
    const program = hashOf(code);
    const file = this.#file(program);
    writeWhole(file, code);
    if (rests) writeWhole(this.#entry, JSON.stringify({ program, rests } satisfies Entry));
    this.#clear(file);
    return file;
  }

  get #entry(): string {
    return join(this.#folder, `${this.#name}.json`);
  }

  #file(program: string): string {
    return join(this.#folder, `${this.#name}-${program}.mjs`);
  }

  /** Removes what has been replaced long ago. */
  #clear(file: string): void {
    try {
      for (const name of readdirSync(this.#folder)) {
        if (!name.startsWith(`${this.#name}-`)) continue;
        const old = join(this.#folder, name);
        if (old !== file && Date.now() - statSync(old).mtimeMs > KEPT) rmSync(old, { force: true });
      }
    } catch {
      // another run has removed it
    }
  }
}

/** Where programs are kept: beside the packages; where that cannot be written, in this user's own folder, or else a private one of this run. */
export function* cacheFolders(packages: string): Generator<string> {
  const places = [
    () => join(packages, "node_modules/.cache/worldsize"),
    () => join(userFolder() ?? "", "cache"), // looked for only where it is needed: that takes milliseconds
    () => mkdtempSync(join(tmpdir(), "worldsize-")),
  ];
  for (const place of places) {
    try {
      const folder = place();
      if (!isAbsolute(folder)) continue;
      makeFolder(folder);
      accessSync(folder, constants.W_OK);
      yield folder;
    } catch {
      // another user's, or nothing can be written there: the next one
    }
  }
}

/** Keeps a program in the first of some folders that has room. @returns its file. @throws Error that says why none has. */
export function keepIn(folders: Iterable<string>, name: string, code: string, rests: Resting | undefined): string {
  const reasons: string[] = [];
  for (const folder of folders) {
    try {
      return new KeptProgram(folder, name).keep(code, rests);
    } catch (error) {
      reasons.push(`${folder} (${(error as Error).message})`);
    }
  }
  throw new Error(`${reasons.join(", nor to ") || tmpdir()}. Make room in one of them.`);
}
