/** Finds the course's exercises: course/PART/chapterNN-NAME/exercises/M-NAME/exercise.ts is exercise N.M. */
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { packageRoot } from "../../job/node/compile.ts";

export interface CourseExercise {
  /** `3.3` */
  readonly number: string;
  /** `ring-all-reduce` */
  readonly name: string;
  readonly chapter: number;
  readonly folder: string;
  /** Its exercise.ts. */
  readonly file: string;
}

/** `the same in PyTorch: course/…/twin.py`, for readers who have passed; none where there is no twin. */
export function twinLines({ folder }: CourseExercise): string[] {
  const twin = join(folder, "twin.py");
  return existsSync(twin) ? [`the same in PyTorch: ${relative(process.cwd(), twin)}`] : [];
}

/** In the order of the chapters. @param root folder of the package. */
export function courseExercises(root = packageRoot): CourseExercise[] {
  const course = join(root, "course");
  if (!existsSync(course)) return [];
  return readdirSync(course, { recursive: true, encoding: "utf8" })
    .flatMap((path) => {
      const match = /chapter(\d+)-[^\\/]+[\\/]exercises[\\/](\d+)-([^\\/]+)[\\/]exercise\.ts$/.exec(path);
      if (!match) return [];
      const [, chapter, place, name] = match;
      const file = join(course, path);
      return [
        { number: `${Number(chapter)}.${place}`, name, chapter: Number(chapter), folder: join(file, ".."), file },
      ];
    })
    .sort((a, b) => a.chapter - b.chapter || a.number.localeCompare(b.number, "en", { numeric: true }));
}
