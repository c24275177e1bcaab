/** Curves on logarithmic axes in a terminal: letters in the lines tell them apart, and where the fastest changes is said below. */
import type { LogPlot } from "./plot-svg.ts";
import { plotText } from "./plot-text.ts";

/** @returns lines of at most `width` columns, the title first. */
export function logPlotText(
  { title, yName, xName, x, curves, crossings = [], xTick, yTick }: LogPlot,
  width = 78,
): string[] {
  const series = curves.map(({ name, y }) => ({ name, y: y.map(Math.log10) }));
  const rounded = (value: number): number => Number((10 ** value).toPrecision(2));
  const lines = plotText(series, { width, height: 15, label: (value) => yTick(rounded(value)) });
  const fastest = crossings.map(({ from, to, x: at }) => `${from} → ${to} at ${xTick(Number(at.toPrecision(2)))}`);
  const last = x[x.length - 1];
  return [
    title,
    "",
    yName,
    ...lines,
    `${xName}: ${xTick(Number(x[0].toPrecision(2)))} to ${xTick(Number(last.toPrecision(2)))}, logarithmic`,
    ...fastest,
  ];
}
