/** Draws what ranks show as lines of text: prefixed, coloured per rank, always whole. */
import pc from "picocolors";
import { plotText } from "../draw/plot-text.ts";
import type { Cell, Row, Series, Shown, TimelineLane } from "../script/index.ts";
import { extent } from "../trace/extent.ts";
import { visibleLines } from "../trace/text.ts";
import { wrap } from "./learn/layout.ts";
import { tableLines } from "./table.ts";

/** Columns of the terminal, and those of the prefix of a line. */
const COLUMNS = process.stdout.columns ?? 80;
const PREFIX = 11;
/** Widest a table may be. */
const TABLE = Math.max(40, COLUMNS - PREFIX);

type Paint = (text: string) => string;

const paints: readonly Paint[] = [pc.cyan, pc.magenta, pc.yellow, pc.green, pc.blue, pc.red];

/** Widest a drawing may be. */
const WIDTH = Math.max(40, Math.min(100, COLUMNS - PREFIX - 3));

/** The same without a control character, but the ends of lines. */
function plain<T>(value: T): T {
  if (typeof value === "string") return visibleLines(value) as T;
  if (Array.isArray(value)) return value.map(plain) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [visibleLines(name), plain(each as unknown)]),
  ) as T;
}

/** @param ansi whether control characters in it are obeyed. @returns the lines to print for what a rank showed. */
export function renderShown(rank: number, shown: Shown, ranks: number, ansi = false): string[] {
  const prefix = prefixOf(rank, ranks);
  const lines = drawing(ansi ? shown : plain(shown));
  // A status is one line that replaces itself: all of the width is for what it says.
  return shown.kind === "status" ? lines : lines.map((line) => prefix + line);
}

/** What stands before each line of a rank. */
export function prefixOf(rank: number, ranks: number): string {
  const digits = String(ranks - 1).length;
  return paints[rank % paints.length](`rank ${String(rank).padStart(digits)} │ `);
}

function drawing(shown: Shown): string[] {
  switch (shown.kind) {
    case "line":
      // What is read by another program stays in one line.
      return shown.text.split("\n").flatMap((line) => (process.stdout.isTTY ? wrap(line, TABLE) : [line]));
    case "write":
      return shown.text.split("\n");
    case "status":
      return [fields(shown.row).join("  ")];
    case "row":
      return [fields(shown.row).join("   ")];
    case "table":
      return titled(shown.title, table(shown.rows, TABLE));
    case "plot":
      return titled(shown.title, plot(shown.series));
    case "timeline":
      return titled(shown.title, timeline(shown.lanes));
  }
}

/** Names and values of a row. */
function fields(row: Row): string[] {
  return Object.entries(row).map(([name, value]) => `${pc.dim(name)} ${cell(value)}`);
}

function titled(title: string, lines: string[]): string[] {
  return title ? [...wrap(title, TABLE).map((line) => pc.bold(line)), ...lines] : lines;
}

/** Numbers short enough to read. */
function cell(value: Cell): string {
  if (typeof value !== "number" || Number.isInteger(value)) return String(value ?? "");
  const size = Math.abs(value);
  return size >= 1e-4 && size < 1e7 ? String(Number(value.toPrecision(6))) : value.toExponential(3);
}

/** A table of rows; columns are the names in order of appearance. @param width that its lines may have. */
export function table(rows: readonly Row[], width = Number.POSITIVE_INFINITY): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = names.map((head) => ({
    head,
    cells: rows.map((row) => cell(row[head])),
    numeric: rows.every((row) => typeof (row[head] ?? 0) === "number"),
  }));
  return tableLines(columns, width);
}

function plot(series: readonly Series[]): string[] {
  const paint = (text: string, i: number): string => (pc.isColorSupported ? paints[i % paints.length](text) : text);
  const lines = plotText(series, { width: WIDTH, paint });
  return [...lines.slice(0, -1), ...legendLines(lines.at(-1) ?? "")];
}

/** Names of spans in a legend. */
const NAMED = 12;

/** A bar chart over time: one row per lane, each span its length, letters tell spans apart. */
export function timeline(lanes: readonly TimelineLane[]): string[] {
  const spans = lanes.flatMap((lane) => lane.spans);
  if (spans.length === 0) return ["(nothing was recorded)"];
  const [start, end] = extent(spans.flatMap((span) => [span.start, span.end])) ?? [0, 0];
  const names = [...new Set(spans.map((span) => span.name))];
  const label = lanes.reduce((most, { name }) => Math.max(most, name.length), 0);
  const width = Math.max(20, WIDTH - label);
  const scale = width / Math.max(end - start, 1e-6);
  const rows = lanes.map((lane) => {
    const cells = Array<string>(width).fill("·");
    // Longer ones first, so that a span within another is seen.
    for (const span of [...lane.spans].sort((a, b) => b.end - b.start - (a.end - a.start))) {
      const from = Math.min(width - 1, Math.floor((span.start - start) * scale));
      const to = Math.min(width, Math.max(from + 1, Math.round((span.end - start) * scale)));
      const which = names.indexOf(span.name);
      cells.fill(paints[which % paints.length](letter(which)), from, to);
    }
    return `${lane.name.padEnd(label)} ${cells.join("")}`;
  });
  const legend = names.slice(0, NAMED).map((name, i) => `${paints[i % paints.length](letter(i))} ${name}`);
  if (names.length > NAMED) legend.push(`and ${names.length - NAMED} more`);
  return [
    ...rows,
    `${" ".repeat(label)} 0 ms${`${(end - start).toFixed(2)} ms`.padStart(width - 4)}`,
    ...legendLines(legend.join("  ")),
  ];
}

function letter(index: number): string {
  return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[index % 26];
}

/** A legend, wrapped between its entries, which are two spaces or more apart. */
function legendLines(legend: string): string[] {
  const whole = legend.replaceAll(/(?<! ) (?! )/g, "\u00a0");
  return wrap(whole, TABLE).map((line) => line.replaceAll("\u00a0", " "));
}
