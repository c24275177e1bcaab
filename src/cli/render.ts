/** Draws what ranks show as lines of text: prefixed, coloured per rank, always whole. */
import Table from "cli-table3";
import pc from "picocolors";
import { plotText } from "../draw/plot-text.ts";
import type { Cell, Row, Series, Shown, TimelineLane } from "../script/index.ts";
import { extent } from "../trace/extent.ts";
import { visibleLines } from "../trace/text.ts";

type Paint = (text: string) => string;

const paints: readonly Paint[] = [pc.cyan, pc.magenta, pc.yellow, pc.green, pc.blue, pc.red];

/** Widest a drawing may be. */
const WIDTH = Math.max(40, Math.min(100, (process.stdout.columns ?? 88) - 14));

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
  const digits = String(ranks - 1).length;
  const prefix = paints[rank % paints.length](`rank ${String(rank).padStart(digits)} │ `);
  return drawing(ansi ? shown : plain(shown)).map((line) => prefix + line);
}

function drawing(shown: Shown): string[] {
  switch (shown.kind) {
    case "line":
      return shown.text.split("\n");
    case "row":
      return [
        Object.entries(shown.row)
          .map(([name, value]) => `${pc.dim(name)} ${cell(value)}`)
          .join("   "),
      ];
    case "table":
      return titled(shown.title, table(shown.rows));
    case "plot":
      return titled(shown.title, plot(shown.series));
    case "timeline":
      return titled(shown.title, timeline(shown.lanes));
  }
}

function titled(title: string, lines: string[]): string[] {
  return title ? [pc.bold(title), ...lines] : lines;
}

/** Numbers short enough to read. */
function cell(value: Cell): string {
  if (typeof value !== "number" || Number.isInteger(value)) return String(value ?? "");
  const size = Math.abs(value);
  return size >= 1e-4 && size < 1e7 ? String(Number(value.toPrecision(6))) : value.toExponential(3);
}

/** A table of rows; columns are the names in order of appearance. */
export function table(rows: readonly Row[]): string[] {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const numeric = columns.map((column) => rows.every((row) => typeof (row[column] ?? 0) === "number"));
  const drawn = new Table({
    head: columns,
    style: { head: pc.isColorSupported ? ["bold"] : [], border: pc.isColorSupported ? ["gray"] : [], compact: true },
    colAligns: numeric.map((right) => (right ? "right" : "left")),
  });
  for (const row of rows) drawn.push(columns.map((column) => cell(row[column])));
  return drawn.toString().split("\n");
}

function plot(series: readonly Series[]): string[] {
  const paint = (text: string, i: number): string => (pc.isColorSupported ? paints[i % paints.length](text) : text);
  return plotText(series, { width: WIDTH, paint });
}

/** Names of spans in a legend. */
const NAMED = 12;

/** A bar chart over time: each lane a row, each span its length, letters tell spans apart. */
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
    legend.join("  "),
  ];
}

function letter(index: number): string {
  return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[index % 26];
}
