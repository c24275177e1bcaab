/**
 * The reader's copies of the starters, in exercises/, and what they have achieved, in one
 * file beside them: exercises/progress.json. Nothing of the reader's is ever overwritten: a
 * reset keeps the old copy under another name.
 */
import { constants, copyFileSync, existsSync, lstatSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, writeWhole } from "../../platform/node/files.ts";
import type { CourseExercise } from "./catalog.ts";

export interface Progress {
  /** Whether the copy's last check passed, and when it first did. */
  readonly passed?: string;
  readonly checks: number;
  /** Hints that were looked at, 0 to 3. */
  readonly hints: number;
  /** Predictions: how many were made, how many were right. */
  readonly predictions?: { readonly made: number; readonly right: number };
}

export const fresh: Progress = { checks: 0, hints: 0 };

/** The reader's file is no progress file; the message says what to do. */
export class ProgressError extends Error {
  override readonly name = "ProgressError";
}

/** Where the reader works. */
export class Copies {
  readonly folder: string;

  /** @param folder of the copies; made when the first one is. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** The reader's copy of an exercise, whether it is there or not. */
  path({ number, name }: CourseExercise): string {
    return join(this.folder, `${number}-${name}.ts`);
  }

  /** Makes a copy of the starter if there is none. @returns its path. */
  open(exercise: CourseExercise): string {
    const path = this.path(exercise);
    if (existsSync(path)) return path;
    makeFolder(this.folder);
    const config = `${JSON.stringify({ ...editorSettings(this.folder), include: ["."] }, null, 2)}\n`;
    unlessThere(() => copyFileSync(join(exercise.folder, "starter.ts"), path, constants.COPYFILE_EXCL));
    unlessThere(() => writeFileSync(join(this.folder, "tsconfig.json"), config, { flag: "wx" }));
    return path;
  }

  /** Puts the starter back. @returns where the old copy is kept, if there was one. */
  reset(exercise: CourseExercise): string | undefined {
    const path = this.path(exercise);
    let kept: string | undefined;
    if (isThere(path)) {
      for (let i = 1; !kept; i++) if (!isThere(`${path}.${i}.old`)) kept = `${path}.${i}.old`;
      renameSync(path, kept);
    }
    this.open(exercise);
    this.note(exercise, ({ passed, ...rest }) => rest);
    return kept;
  }

  /** What is known of an exercise. */
  progress({ number }: CourseExercise): Progress {
    return this.#read()[number] ?? fresh;
  }

  /** Changes what is known of an exercise. */
  note({ number }: CourseExercise, change: (was: Progress) => Progress): Progress {
    const all = this.#read();
    const now = change(all[number] ?? fresh);
    const sorted = Object.entries({ ...all, [number]: now }).sort(([a], [b]) =>
      a.localeCompare(b, "en", { numeric: true }),
    );
    makeFolder(this.folder);
    writeWhole(this.#file(), `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
    return now;
  }

  #file(): string {
    return join(this.folder, "progress.json");
  }

  #read(): Record<string, Progress> {
    let text: string;
    try {
      text = readFileSync(this.#file(), "utf8");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return {};
      throw new ProgressError(`${this.#file()} cannot be read (${message}). Mend it, or move it away to start afresh.`);
    }
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null && !Array.isArray(value))
        return value as Record<string, Progress>;
    } catch {
      // said below
    }
    throw new ProgressError(`${this.#file()} cannot be read as JSON. Mend it, or move it away to start afresh.`);
  }
}

/** What an editor checks the copies by: the settings of the project around them, or enough where it has none. */
function editorSettings(folder: string): object {
  if (existsSync(join(folder, "../tsconfig.json"))) return { extends: "../tsconfig.json" };
  const modules = { module: "ESNext", moduleResolution: "bundler" };
  return { compilerOptions: { target: "ES2022", ...modules, strict: true, skipLibCheck: true, noEmit: true } };
}

/** Whether something has that name, be it a link that leads nowhere. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Makes a file; one that is there stays as it is. */
function unlessThere(make: () => void): void {
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
