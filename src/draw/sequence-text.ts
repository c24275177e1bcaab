/** A sequence of messages as lines of text, for terminals. */
import { formatBytes } from "../device/index.ts";
import type { Sequence, SequenceRow } from "./sequence.ts";

/** Characters from one rank's line to the next. */
const COLUMN = 13;

/** @returns the lines. */
export function sequenceText({ ranks, rows, more }: Sequence): string[] {
  const column = Math.max(9, Math.min(COLUMN, Math.floor(96 / ranks)));
  const at = (rank: number): number => 3 + rank * column;
  const width = at(ranks - 1) + 4;
  const head = Array.from({ length: ranks }, (_, rank) => `rank ${rank}`.padEnd(column)).join("");
  const lines = [` ${head}`.trimEnd(), ...rows.map((row) => draw(row, ranks, at, width))];
  if (more > 0) lines.push(`   … and ${more} more`);
  return lines;
}

function draw(row: SequenceRow, ranks: number, at: (rank: number) => number, width: number): string {
  const cells = Array<string>(width).fill(" ");
  for (let rank = 0; rank < ranks; rank++) cells[at(rank)] = "│";
  if (row.kind === "stuck") {
    cells[at(row.rank)] = "╳";
    const from = at(row.rank) + 2;
    return cells.slice(0, from).join("") + row.label;
  }
  if (row.kind === "shared") {
    for (const rank of row.ranks) cells[at(rank)] = "●";
    return `${cells.join("")} ${row.label}, through shared memory`;
  }
  const left = at(Math.min(row.from, row.to));
  const right = at(Math.max(row.from, row.to));
  for (let i = left + 1; i < right; i++) cells[i] = "─";
  const toRight = row.to > row.from;
  cells[left] = toRight ? "├" : "│";
  cells[right] = toRight ? "│" : "┤";
  cells[toRight ? right - 1 : left + 1] = toRight ? "▶" : "◀";
  const text = ` ${formatBytes(row.bytes)} `;
  // The bytes stand at the sender's side, so that crossing arrows stay readable.
  const start = toRight ? left + 2 : right - 1 - text.length;
  if (row.from !== row.to) for (let i = 0; i < text.length && start + i < right; i++) cells[start + i] = text[i];
  return `${cells.join("")} ${row.label}`.trimEnd();
}
