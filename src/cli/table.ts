/** Tables that fit a terminal: text is wrapped at spaces, and what is still too wide goes on below, under its first column. */
import Table from "cli-table3";
import pc from "picocolors";

/** Characters that a column takes besides its text: a border and a space on each side. */
const AROUND = 3;

/** A table's columns, each with its head and its cells as text. */
interface Column {
  readonly head: string;
  readonly cells: readonly string[];
  /** Whether its cells are numbers, which stand on the right and are never wrapped. */
  readonly numeric: boolean;
}

/** @param width that the lines may have. @returns the lines of one table, or of several below each other. */
export function tableLines(columns: readonly Column[], width: number): string[] {
  const widths = fitted(columns, width);
  if (widths) return drawn(columns, widths);
  const [first, ...others] = columns;
  const lines: string[] = [];
  for (let from = 0; from < others.length; ) {
    let to = from + 1;
    while (to < others.length && fitted([first, ...others.slice(from, to + 1)], width)) to++;
    const part = [first, ...others.slice(from, to)];
    lines.push(...drawn(part, fitted(part, width) ?? part.map(least)));
    from = to;
  }
  return lines;
}

/** The width of each column's text such that all fit; undefined if they cannot. */
function fitted(columns: readonly Column[], width: number): number[] | undefined {
  const widths = columns.map(({ head, cells }) => longest([head, ...cells]));
  const mins = columns.map(least);
  const room = width - 1 - AROUND * columns.length;
  for (let over = sum(widths) - room; over > 0; over--) {
    const spare = widths.map((each, i) => (each > mins[i] ? each : 0));
    const widest = Math.max(...spare);
    if (widest === 0) return columns.length > 1 ? undefined : mins;
    widths[spare.indexOf(widest)]--;
  }
  return widths;
}

/** The least width of a column: its longest word. */
function least({ head, cells, numeric }: Column): number {
  const words = (text: string): string[] => text.split(" ");
  return longest([...words(head), ...(numeric ? cells : cells.flatMap(words))]);
}

function drawn(columns: readonly Column[], widths: readonly number[]): string[] {
  const table = new Table({
    head: columns.map(({ head }) => head),
    style: { head: pc.isColorSupported ? ["bold"] : [], border: pc.isColorSupported ? ["gray"] : [], compact: true },
    colAligns: columns.map(({ numeric }) => (numeric ? "right" : "left")),
    colWidths: widths.map((each) => each + AROUND - 1),
    wordWrap: true,
  });
  const count = columns[0]?.cells.length ?? 0;
  for (let row = 0; row < count; row++) table.push(columns.map(({ cells }) => cells[row]));
  return table.toString().split("\n");
}

function longest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, [...text].length), 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
