/** The course's pages, and the fenced blocks in them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** Where its first line stands, from 1. */
  readonly line: number;
  /** What stands behind the fence: ts, sh, or nothing for what is printed or drawn. */
  readonly language: string;
  readonly text: string;
  /** `page:line`, for messages. */
  readonly place: string;
}

/** Everything a reader of the course reads: the front page, the course's pages, the exercises' tasks. */
export const coursePages: readonly string[] = [
  "README.md",
  ...readdirSync("course", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("course", file))
    .sort(),
];

export function readPage(page: string): string {
  return readFileSync(page, "utf8");
}

/** Blocks of a page, in order. @throws Error for a fence that is not closed. */
export function blocksOf(page: string, text = readPage(page)): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; language: string; lines: string[] } | undefined;
  for (const [i, line] of text.split("\n").entries()) {
    const fence = /^\s*```(\w*)\s*$/.exec(line);
    if (!fence) open?.lines.push(line);
    else if (open) {
      const { line: at, language, lines } = open;
      blocks.push({ page, line: at, language, text: lines.join("\n"), place: `${page}:${at}` });
      open = undefined;
    } else open = { line: i + 2, language: fence[1], lines: [] };
  }
  if (open) throw new Error(`${page}:${open.line}: this block never ends.`);
  return blocks;
}
