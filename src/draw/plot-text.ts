/**
 * Curves as text: a line of box characters for each series, with its letter in it every few columns, so that
 * they can be told apart without colour. Where a number is missing, so is the line.
 */
import type { Series } from "../script/index.ts";
import { extent, shareOf, valueAt } from "../trace/extent.ts";

export interface PlotTextOptions {
  /** Columns of the drawing, labels included. */
  readonly width: number;
  /** Rows of the drawing. */
  readonly height?: number;
  /** Tells a value on the axis; in up to five digits if not given. */
  readonly label?: (value: number) => string;
  /** Paints what belongs to series i. */
  readonly paint?: (text: string, i: number) => string;
}

/** Columns between two letters of a series. */
const APART = 12;

/** @returns the lines, the last of which is the legend. */
export function plotText(series: readonly Series[], options: PlotTextOptions): string[] {
  const { width, height = 11, label: tell = short, paint = (text: string) => text } = options;
  const range = extent(series.flatMap(({ y }) => y));
  if (!range) return ["(nothing to plot)"];
  const [low, high] = range;
  const flat = high === low;
  const labels = Array.from({ length: height }, (_, row) => {
    if (flat) return row === (height - 1) >> 1 ? tell(high) : "";
    return tell(valueAt(row / (height - 1), high, low));
  });
  const label = Math.max(...labels.map(({ length }) => length));
  const points = series.reduce((most, { y }) => Math.max(most, y.length), 0);
  const columns = Math.max(8, Math.min(width - label - 2, Math.max(points, 40)));
  const rows = Array.from({ length: height }, () => Array<string>(columns).fill(" "));
  const rowOf = (value: number): number =>
    flat ? (height - 1) >> 1 : Math.round(shareOf(value, high, low) * (height - 1));
  series.forEach(({ y }, i) => {
    const at = (column: number): number | undefined => {
      const value = y[Math.min(y.length - 1, Math.floor((column * y.length) / columns))];
      return Number.isFinite(value) ? rowOf(value) : undefined;
    };
    const put = (row: number, column: number, mark: string): void => void (rows[row][column] = paint(mark, i));
    for (let column = 0; column < columns; column++) {
      const [here, next] = [at(column), column + 1 < columns ? at(column + 1) : undefined];
      if (here === undefined) continue;
      if (column % APART === (i * 4) % APART) put(here, column, letterOf(i));
      else if (next === undefined || next === here) put(here, column, "─");
      else {
        put(here, column, next > here ? "╮" : "╯");
        put(next, column, next > here ? "╰" : "╭");
        for (let row = Math.min(here, next) + 1; row < Math.max(here, next); row++) put(row, column, "│");
      }
    }
  });
  const lines = rows.map((cells, row) => `${labels[row].padStart(label)} ┤${cells.join("")}`.trimEnd());
  const legend = series.map(({ name, y }, i) => {
    const missing = y.reduce((count, value) => count + (Number.isFinite(value) ? 0 : 1), 0);
    const note = y.length === 0 ? " (empty)" : missing > 0 ? ` (${missing} of ${y.length} missing)` : "";
    return paint(`${letterOf(i)} ${name}${note}`, i);
  });
  return [...lines, `${" ".repeat(label + 2)}${legend.join("   ")}`];
}

function letterOf(i: number): string {
  return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i % 26];
}

/** A number of at most nine characters. */
function short(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2);
  return String(Number(value.toPrecision(5)));
}
