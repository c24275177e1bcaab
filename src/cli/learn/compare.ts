/** An answer that has passed beside our solution: what each costs, then ours line by line. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { type CourseExercise, twinLines } from "../../exercise/node/catalog.ts";
import { type Marks, markRows } from "../../exercise/node/marks.ts";

/** @param answer the reader's text. @param marks of its last check, if it passed and sent anything. */
export function comparison(exercise: CourseExercise, answer: string, marks: Marks | undefined): string[] {
  const ours = readFileSync(join(exercise.folder, "solution.ts"), "utf8");
  const bound = marks?.bound;
  const head = [
    marks ? `at ${marks.world} rank${marks.world === 1 ? "" : "s"}` : "",
    "yours",
    "ours",
    bound ? "minimum" : "",
  ];
  const rows = [
    ...(marks ? markRows(marks) : []),
    ["lines of code", codeLines(answer), codeLines(ours), undefined],
  ].map((row) => row.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en") : (cell ?? ""))));
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ")
      .trimEnd();
  return [
    pc.bold(line(head)),
    ...rows.map(line),
    ...(bound ? ["", `The minimum: ${bound.because}. Time is that of the messages on links of 20 µs and 1 GB/s.`] : []),
    "",
    ...ours.trimEnd().split("\n"),
    "",
    ...twinLines(exercise),
  ];
}

/** Lines that are neither empty nor only a comment. */
function codeLines(text: string): number {
  return text.split("\n").filter((line) => /\S/.test(line) && !/^\s*(\/\/|\/\*|\*)/.test(line)).length;
}
