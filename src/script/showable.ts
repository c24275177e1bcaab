/**
 * What a program shows, made such that it can be sent, drawn and written, whatever the program handed over.
 * Cells become plain; what is not a number in a curve becomes a gap; nothing that is shown ends a job.
 */
import { Tensor } from "../tensor/index.ts";
import { attempt, inspect } from "../trace/text.ts";
import type { Cell, Row, Series, Shown, TimelineLane } from "./show.ts";

/** Characters of one cell and of a name. */
const LONGEST_CELL = 1000;
const LONGEST_NAME = 60;
/** Characters of a title: a sentence or two. */
const LONGEST_TITLE = 240;

/** The same, in a form that every presenter can handle. */
export function showable(shown: Shown): Shown {
  switch (shown.kind) {
    case "line":
      return { kind: "line", text: textOf(shown.text, Infinity) };
    case "row":
      return { kind: "row", row: rowOf(shown.row) };
    case "status":
      return { kind: "status", row: rowOf(shown.row) };
    case "write":
      return { kind: "write", text: textOf(shown.text, Infinity) };
    case "table":
      return { kind: "table", title: nameOf(shown.title, LONGEST_TITLE), rows: listOf(shown.rows).map(rowOf) };
    case "plot":
      return { kind: "plot", title: nameOf(shown.title, LONGEST_TITLE), series: listOf(shown.series).map(seriesOf) };
    case "timeline":
      return { kind: "timeline", title: nameOf(shown.title, LONGEST_TITLE), lanes: listOf(shown.lanes).map(laneOf) };
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function rowOf(row: unknown): Row {
  if (typeof row !== "object" || row === null) return { value: cellOf(row) };
  if (row instanceof Tensor || Array.isArray(row)) return { value: cellOf(row) };
  const names = attempt(() => Object.keys(row), []);
  const cells = names.map((name) => [nameOf(name), cellOf(fieldOf(row, name))] as const);
  return Object.fromEntries(cells);
}

function cellOf(value: unknown): Cell {
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (value === undefined || value === null) return undefined;
  return textOf(value, LONGEST_CELL).replaceAll(/\r?\n/g, " ↵ ");
}

function seriesOf(series: unknown): Series {
  const { name, y } = (series ?? {}) as Partial<Series>;
  const numbers: unknown = ArrayBuffer.isView(y) ? [...(y as unknown as Iterable<number>)] : y;
  return { name: nameOf(name), y: listOf(numbers).map((each) => (typeof each === "number" ? each : Number.NaN)) };
}

function laneOf(lane: unknown): TimelineLane {
  const { name, spans } = (lane ?? {}) as Partial<TimelineLane>;
  const whole = listOf(spans).flatMap((each) => {
    const { name: what, start, end } = (each ?? {}) as Partial<TimelineLane["spans"][number]>;
    const known = Number.isFinite(start) && Number.isFinite(end);
    return known ? [{ name: nameOf(what), start: Number(start), end: Number(end) }] : [];
  });
  return { name: nameOf(name), spans: whole };
}

function nameOf(value: unknown, most = LONGEST_NAME): string {
  return textOf(value ?? "", most).replaceAll(/\s+/g, " ");
}

function fieldOf(object: object, name: string): unknown {
  return attempt(() => (object as Record<string, unknown>)[name], "(a value that cannot be read)");
}

/** Any value in words. */
function textOf(value: unknown, most: number): string {
  const text = wordsOf(value);
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function wordsOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return String(value);
  const isTensor = attempt(() => value instanceof Tensor, false);
  return isTensor
    ? attempt(() => `${(value as Tensor).dtype}[${(value as Tensor).shape}]`, "a tensor")
    : inspect(value);
}
