/** The screen of a lesson: how far the reader is, which exercise is open, what was said last, and the keys. */
import { relative } from "node:path";
import pc from "picocolors";
import type { CourseExercise } from "../../exercise/node/catalog.ts";
import type { Copies } from "../../exercise/node/copies.ts";
import { taskOf } from "../check.ts";
import type { Screen } from "./layout.ts";

/** What each key does, in the order they are shown. */
const keys: readonly (readonly [string, string])[] = [
  ["t", "task"],
  ["i", "interface"],
  ["p", "predict"],
  ["h", "hint"],
  ["c", "check"],
  ["a", "check all"],
  ["n", "next"],
  ["b", "back"],
  ["r", "reset"],
  ["s", "solution"],
  ["q", "quit"],
];

/** What there is to show. */
export interface Shown {
  readonly exercises: readonly CourseExercise[];
  readonly copies: Copies;
  /** The exercise that is open, and its title. */
  readonly current: CourseExercise;
  readonly title: string;
  /** What fills the middle. */
  readonly body: readonly string[];
  /** How far a check is; empty if none runs. */
  readonly status: string;
}

/** @param width of the terminal in characters. */
export function lessonScreen({ exercises, copies, current, title, body, status }: Shown, width: number): Screen {
  const done = exercises.filter((exercise) => copies.progress(exercise).passed).length;
  const bar = Math.max(10, Math.min(40, width - 40));
  const full = Math.round((bar * done) / exercises.length);
  const { hints, passed } = copies.progress(current);
  const rule = pc.dim("─".repeat(Math.min(width, 100)));
  const keyLine = keys
    .map(([key, what]) => `${pc.cyan(key)}\u00a0${what.replace(" ", "\u00a0")}${key === "h" ? `\u00a0${hints}/3` : ""}`)
    .join(pc.dim(" · "));
  return {
    head: [
      `${pc.green("█".repeat(full))}${pc.dim("░".repeat(bar - full))} ${done} of ${exercises.length} passed`,
      "",
      `${pc.bold(`${current.number} ${title}`)}${passed ? pc.green("  passed") : ""}`,
      `your file  ${relative(process.cwd(), copies.path(current))}`,
      `the task   ${taskOf(current)}`,
      rule,
    ],
    body,
    foot: [...(copies.trouble ? [pc.yellow(copies.trouble)] : []), ...(status ? [pc.dim(status)] : []), rule, keyLine],
  };
}
