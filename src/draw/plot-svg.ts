/** Curves on logarithmic axes as an SVG picture, each labelled where it ends; where the lowest changes is marked. */
import type { Crossing, Curve } from "./plot-marks.ts";
import { colour, round, svgPicture, svgText } from "./svg.ts";

/** Curves over two logarithmic axes. */
export interface LogPlot {
  readonly title: string;
  readonly about: string;
  readonly xName: string;
  readonly yName: string;
  readonly x: readonly number[];
  readonly curves: readonly Curve[];
  /** Where another curve becomes the lowest: a dot, and the size in words below the plot. */
  readonly crossings?: readonly Crossing[];
  /** Tells a value on an axis: `1 KB`. */
  readonly xTick: (value: number) => string;
  readonly yTick: (value: number) => string;
}

const BOX = { left: 54, top: 56, width: 340, height: 290 };
const TOTAL = 496;
/** Pixels between the labels of curves, and between labels of the lower axis. */
const [APART, TICK] = [16, 54];

/** @returns the text of an SVG file. */
export function logPlotSvg(plot: LogPlot): string {
  const { crossings = [], curves } = plot;
  const all = curves.flatMap(({ y }) => y);
  const [xFrom, xTo] = [Math.log10(plot.x[0]), Math.log10(plot.x.at(-1) as number)];
  const [yFrom, yTo] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))];
  const px = (x: number): number => BOX.left + ((Math.log10(x) - xFrom) / (xTo - xFrom)) * BOX.width;
  const py = (y: number): number => BOX.top + BOX.height * (1 - (Math.log10(y) - yFrom) / (yTo - yFrom));
  const foot = BOX.top + BOX.height;
  const body = [svgText(12, 24, plot.title, 'class="title"'), svgText(12, 44, plot.yName, 'class="small"')];
  let free = -Infinity;
  for (let power = Math.ceil(xFrom); power <= xTo + 1e-9; power++) {
    const x = round(px(10 ** power));
    body.push(`<path d="M${x} ${BOX.top}v${BOX.height}" stroke="var(--line)" stroke-width=".7"/>`);
    if (x < free) continue;
    free = x + TICK;
    body.push(svgText(x, foot + 16, plot.xTick(10 ** power), 'class="small" text-anchor="middle"'));
  }
  for (let power = yFrom; power <= yTo; power++) {
    const y = round(py(10 ** power));
    body.push(`<path d="M${BOX.left} ${y}h${BOX.width}" stroke="var(--line)" stroke-width=".7"/>`);
    body.push(svgText(BOX.left - 6, y + 4, plot.yTick(10 ** power), 'class="small" text-anchor="end"'));
  }
  body.push(svgText(BOX.left + BOX.width / 2, foot + 34, plot.xName, 'class="small" text-anchor="middle"'));

  for (const [i, { y }] of curves.entries()) {
    const path = y.map((value, j) => `${j === 0 ? "M" : "L"}${round(px(plot.x[j]))} ${round(py(value))}`).join("");
    body.push(`<path d="${path}" fill="none" stroke="${colour(i)}" stroke-width="2"/>`);
  }
  // Labels stand where curves end, moved apart where they would cover each other, with a line back to the end.
  const ends = curves
    .map(({ name, y }, i) => ({ name, i, end: py(y.at(-1) as number), at: 0 }))
    .sort((a, b) => a.end - b.end);
  const middle = ends.reduce((sum, { end }) => sum + end, 0) / ends.length;
  let last = Math.max(BOX.top, middle - ((ends.length - 1) * APART) / 2 - 2 * APART) - APART;
  for (const each of ends) {
    each.at = Math.max(each.end, last + APART);
    last = each.at;
  }
  const right = BOX.left + BOX.width;
  for (const { name, i, end, at } of ends) {
    body.push(`<path d="M${right} ${round(end)}L${right + 12} ${round(at)}" stroke="${colour(i)}" stroke-width="1"/>`);
    body.push(svgText(right + 15, at + 4, name, `style="fill:${colour(i)};font-size:12px"`));
  }

  // Where the lowest curve changes, the size stands at the dot, and below it is said which takes over from which.
  let at = foot + 56;
  for (const { from, to, x, y } of crossings) {
    const [cx, cy] = [round(px(x)), round(py(y))];
    const size = plot.xTick(Number(x.toPrecision(2)));
    const [side, anchor] = cx < BOX.left + BOX.width - 60 ? [8, "start"] : [-8, "end"];
    body.push(
      `<path d="M${cx} ${cy}V${foot}" stroke="var(--ink)" stroke-width="1" stroke-dasharray="2 3"/>`,
      `<circle cx="${cx}" cy="${cy}" r="5" fill="var(--ink)" stroke="var(--page)" stroke-width="1.5"/>`,
      svgText(cx + side, Math.min(cy + 20, foot - 6), size, `class="title" text-anchor="${anchor}"`),
      `<circle cx="${BOX.left + 6}" cy="${at - 4}" r="4" fill="var(--ink)"/>`,
      svgText(BOX.left + 18, at, `${from} → ${to} at ${size}`),
    );
    at += 19;
  }
  return svgPicture(TOTAL, crossings.length > 0 ? at : foot + 48, plot.about, body);
}
