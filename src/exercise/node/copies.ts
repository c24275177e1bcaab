/**
 * The reader's copies of the starters, in exercises/, and what they have achieved, in one
 * file beside them: exercises/progress.json. Nothing of the reader's is ever overwritten: a
 * reset keeps the old copy under another name.
 */
import { existsSync, lstatSync, readFileSync, renameSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { makeFolder, writeWhole } from "../../platform/node/files.ts";
import type { CourseExercise } from "./catalog.ts";

export interface Progress {
  /** When a check first passed. It stays, whatever becomes of the copy. */
  readonly passed?: string;
  readonly checks: number;
  /** Hints that were looked at, 0 to 3. */
  readonly hints: number;
  /** Predictions: how many were made, how many were right. */
  readonly predictions?: { readonly made: number; readonly right: number };
}

/** The reader's copy of an exercise cannot be made; the message says where, why, and what to do. */
export class CopyError extends Error {
  override readonly name = "CopyError";
}

export const fresh: Progress = { checks: 0, hints: 0 };

/** The reader's folder: `exercises` here or in a folder above, where one has been begun; else one to be made here. */
export function copiesFolder(from = process.cwd()): string {
  const begun = (folder: string): boolean => existsSync(join(folder, "exercises", "progress.json"));
  for (let at = from; ; at = dirname(at)) {
    if (begun(at)) return relative(from, join(at, "exercises")) || ".";
    if (dirname(at) === at) return "exercises";
  }
}

/** Where the reader works. */
export class Copies {
  readonly folder: string;
  /** What was achieved and could not be written. */
  readonly #unwritten = new Map<string, Progress>();
  /** Why the file cannot be read, and why it could not be written. */
  #unreadable = "";
  #unwritable = "";

  /** @param folder of the copies; made when the first one is. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** The reader's copy of an exercise, whether it is there or not. */
  path({ number, name }: CourseExercise): string {
    return join(this.folder, `${number}-${name}.ts`);
  }

  /** Makes a copy of the starter if there is none. @returns its path. @throws CopyError when that cannot be done. */
  open(exercise: CourseExercise): string {
    const path = this.path(exercise);
    if (existsSync(path)) return path;
    try {
      makeFolder(this.folder);
      const config = `${JSON.stringify({ ...editorSettings(this.folder), include: ["."] }, null, 2)}\n`;
      unlessThere(path, readFileSync(join(exercise.folder, "starter.ts"), "utf8"));
      unlessThere(join(this.folder, "tsconfig.json"), config);
    } catch (error) {
      throw new CopyError(
        `The starter could not be written to ${path}: ${(error as Error).message}. Make room there, or work in another folder.`,
      );
    }
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
    return kept;
  }

  /** Why what is achieved cannot be kept, and what to do; empty if it can. */
  get trouble(): string {
    return this.#unreadable || this.#unwritable;
  }

  /** What is known of an exercise. */
  progress({ number }: CourseExercise): Progress {
    return this.#unwritten.get(number) ?? this.#read()?.[number] ?? fresh;
  }

  /** Changes what is known of an exercise. A file that cannot be read or written stays as it is: see `trouble`. */
  note(exercise: CourseExercise, change: (was: Progress) => Progress): Progress {
    const now = change(this.progress(exercise));
    this.#unwritten.set(exercise.number, now);
    const there = this.#read();
    if (!there) return now;
    const all = Object.entries({ ...there, ...Object.fromEntries(this.#unwritten) });
    const sorted = all.sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
    try {
      makeFolder(this.folder);
      writeWhole(this.#file(), `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
      this.#unwritten.clear();
      this.#unwritable = "";
    } catch (error) {
      this.#unwritable = `${this.#file()} cannot be written (${(error as Error).message}): what you achieve now is forgotten at the end.`;
    }
    return now;
  }

  #file(): string {
    return join(this.folder, "progress.json");
  }

  /** @returns undefined for a file that is no progress file. */
  #read(): Record<string, Progress> | undefined {
    this.#unreadable = "";
    let why: string;
    try {
      const value: unknown = JSON.parse(readFileSync(this.#file(), "utf8"));
      const entries = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
      if (Array.isArray(value) || typeof value !== "object" || value === null) why = "it holds no progress";
      else if (entries.every(([, each]) => isProgress(each))) return value as Record<string, Progress>;
      else why = "it holds something other than progress";
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return {};
      why = error instanceof SyntaxError ? "it is not JSON" : message;
    }
    this.#unreadable = `${this.#file()} cannot be read (${why}). Fix it, or move it away to start afresh; until then nothing is saved.`;
    return undefined;
  }
}

function isProgress(value: unknown): value is Progress {
  const { checks, hints, passed = "", predictions = { made: 0, right: 0 } } = (value ?? {}) as Partial<Progress>;
  const counts = [checks, hints, predictions?.made, predictions?.right];
  return typeof passed === "string" && counts.every((count) => Number.isInteger(count) && Number(count) >= 0);
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

/** Makes a file, whole or not at all; one that is there stays as it is. */
function unlessThere(file: string, text: string): void {
  if (!isThere(file)) writeWhole(file, text);
}
