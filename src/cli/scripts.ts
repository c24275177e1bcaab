/** Finds scripts: the course's by name, the reader's by path. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { distance } from "../platform/words.ts";

/** The package's own folder, seen from dist/. */
export const root = fileURLToPath(new URL("../", import.meta.url));

export interface CourseScript {
  readonly name: string;
  readonly path: string;
  /** Two digits; empty (0 in JSON) for a room, which is no chapter. */
  readonly chapter: string;
  /** What it is listed under: `Chapter 3`, `The machine room`. */
  readonly group: string;
}

/** A command line that cannot be carried out; printed without a stack, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The course's scripts, in the order of the chapters. */
export function courseScripts(): CourseScript[] {
  const course = join(root, "course");
  if (!existsSync(course)) return [];
  return readdirSync(course, { recursive: true, encoding: "utf8" })
    .filter((file) => /scripts[\\/][^\\/]+\.ts$/.test(file))
    .map((file) => ({
      name: basename(file, ".ts"),
      path: join(course, file),
      chapter: /chapter(\d+)/.exec(file)?.[1] ?? "",
      group: groupOf(file),
    }))
    .sort((a, b) => Number(a.chapter === "") - Number(b.chapter === "") || (a.path < b.path ? -1 : 1));
}

/** `part1-distributed/chapter03-collectives/…` is "Chapter 3", `machine-room/…` "The machine room". */
function groupOf(file: string): string {
  const chapter = /chapter(\d+)/.exec(file)?.[1];
  return chapter ? `Chapter ${Number(chapter)}` : `The ${file.split(/[\\/]/)[0].replaceAll("-", " ")}`;
}

/** The file of a script given by name or path. @throws UsageError with the nearest names. */
export function findScript(name: string): string {
  const scripts = courseScripts();
  const known = scripts.find((script) => script.name === name);
  if (known) return known.path;
  if (/[\\/.]/.test(name)) {
    if (existsSync(name)) return name;
    throw new UsageError(
      `There is no file ${relative(process.cwd(), name) || name}. Give the path to a program, or a name that \`worldsize list\` shows.`,
    );
  }
  if (existsSync(`${name}.ts`)) throw new UsageError(`There is no script "${name}". Did you mean ${name}.ts?`);
  throw new UsageError(
    `There is no script "${name}". ${suggest(
      name,
      scripts.map((script) => script.name),
    )}`,
  );
}

/** Up to three words that a typing error may have meant, the nearest first. */
export function nearest(word: string, words: readonly string[]): string[] {
  const limit = Math.max(2, Math.ceil(word.length / 2));
  return words
    .filter((candidate) => distance(word, candidate) <= limit || candidate.includes(word))
    .sort((a, b) => distance(word, a) - distance(word, b))
    .slice(0, 3);
}

/** `Did you mean a or b?`, or the whole list if nothing is near. */
export function suggest(word: string, words: readonly string[]): string {
  if (words.length === 0) return "";
  const near = nearest(word, words);
  if (near.length === 0 && words.length <= 6) return `Known: ${words.join(", ")}.`;
  if (near.length === 0) near.push([...words].sort((a, b) => distance(word, a) - distance(word, b))[0]);
  return `Did you mean ${near.join(" or ")}?`;
}
