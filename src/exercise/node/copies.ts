/**
 * The reader's copies of the starters, in exercises/, and what they have achieved, in one
 * file beside them: exercises/progress.json. Nothing of the reader's is ever overwritten: a
 * reset keeps the old copy under another name.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
    mkdirSync(this.folder, { recursive: true });
    copyFileSync(join(exercise.folder, "starter.ts"), path);
    const config = join(this.folder, "tsconfig.json");
    if (!existsSync(config)) {
      writeFileSync(config, `${JSON.stringify({ extends: "../tsconfig.json", include: ["."] }, null, 2)}\n`);
    }
    return path;
  }

  /** Puts the starter back. @returns where the old copy is kept, if there was one. */
  reset(exercise: CourseExercise): string | undefined {
    const path = this.path(exercise);
    let kept: string | undefined;
    if (existsSync(path)) {
      for (let i = 1; !kept; i++) if (!existsSync(`${path}.${i}.old`)) kept = `${path}.${i}.old`;
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
    mkdirSync(this.folder, { recursive: true });
    const file = this.#file();
    writeFileSync(`${file}.part`, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
    renameSync(`${file}.part`, file);
    return now;
  }

  #file(): string {
    return join(this.folder, "progress.json");
  }

  #read(): Record<string, Progress> {
    let text: string;
    try {
      text = readFileSync(this.#file(), "utf8");
    } catch {
      return {};
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
