/** An answer that has passed beside our solution: what each costs, then ours line by line. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import type { CourseExercise } from "../../exercise/node/catalog.ts";
import type { Marks } from "../../exercise/node/marks.ts";

/** @param answer the reader's text. @param marks of its last check, if it passed and sent anything. */
export function comparison({ folder }: CourseExercise, answer: string, marks: Marks | undefined): string[] {
  const ours = readFileSync(join(folder, "solution.ts"), "utf8");
  const rows: (readonly [string, number, number])[] = [
    ...(marks
      ? ([
          ["messages", marks.answer.messages, marks.ours.messages],
          ["bytes", marks.answer.bytes, marks.ours.bytes],
        ] as const)
      : []),
    ["lines of code", codeLines(answer), codeLines(ours)],
  ];
  const [what, own, our] = [0, 1, 2].map((i) => Math.max(...rows.map((row) => cell(row[i]).length), 5));
  const line = (a: string, b: string, c: string): string => `${a.padEnd(what)}  ${b.padStart(own)}  ${c.padStart(our)}`;
  return [
    pc.bold(line(marks ? `at ${marks.world} rank${marks.world === 1 ? "" : "s"}` : "", "yours", "ours")),
    ...rows.map(([name, mine, theirs]) => line(name, cell(mine), cell(theirs))),
    "",
    ...ours.trimEnd().split("\n"),
  ];
}

function cell(value: string | number): string {
  return typeof value === "number" ? value.toLocaleString("en") : value;
}

/** Lines that are neither empty nor only a comment. */
function codeLines(text: string): number {
  return text.split("\n").filter((line) => /\S/.test(line) && !/^\s*(\/\/|\/\*|\*)/.test(line)).length;
}
