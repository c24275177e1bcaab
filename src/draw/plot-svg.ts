/** Curves on logarithmic axes as an SVG picture, each labelled where it ends. */
import { colour, round, svgPicture, svgText } from "./svg.ts";

/** Curves over two logarithmic axes. */
export interface LogPlot {
  readonly title: string;
  readonly about: string;
  readonly xName: string;
  readonly yName: string;
  readonly x: readonly number[];
  readonly curves: readonly { readonly name: string; readonly y: readonly number[] }[];
  /** Tells a value on an axis: `1 KB`. */
  readonly xTick: (value: number) => string;
  readonly yTick: (value: number) => string;
}

const BOX = { left: 74, top: 56, width: 480, height: 300 };

/** @returns the text of an SVG file. */
export function logPlotSvg(plot: LogPlot): string {
  const all = plot.curves.flatMap(({ y }) => y);
  const [xFrom, xTo] = [Math.log10(plot.x[0]), Math.log10(plot.x.at(-1) as number)];
  const [yFrom, yTo] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))];
  const px = (x: number): number => BOX.left + ((Math.log10(x) - xFrom) / (xTo - xFrom)) * BOX.width;
  const py = (y: number): number => BOX.top + BOX.height * (1 - (Math.log10(y) - yFrom) / (yTo - yFrom));
  const body = [svgText(16, 26, plot.title, 'class="title"'), svgText(16, 44, plot.yName, 'class="small"')];
  for (let power = Math.ceil(xFrom); power <= xTo + 1e-9; power++) {
    const x = round(px(10 ** power));
    body.push(`<path d="M${x} ${BOX.top}v${BOX.height}" stroke="var(--line)" stroke-width=".7"/>`);
    body.push(svgText(x, BOX.top + BOX.height + 18, plot.xTick(10 ** power), 'class="small" text-anchor="middle"'));
  }
  for (let power = yFrom; power <= yTo; power++) {
    const y = round(py(10 ** power));
    body.push(`<path d="M${BOX.left} ${y}h${BOX.width}" stroke="var(--line)" stroke-width=".7"/>`);
    body.push(svgText(BOX.left - 8, y + 4, plot.yTick(10 ** power), 'class="small" text-anchor="end"'));
  }
  // Labels stand where curves end, moved apart where they would cover each other.
  const ends = plot.curves
    .map(({ name, y }, i) => ({ name, i, at: py(y.at(-1) as number) }))
    .sort((a, b) => a.at - b.at);
  let last = -Infinity;
  for (const end of ends) {
    end.at = Math.max(end.at, last + 15);
    last = end.at;
  }
  plot.curves.forEach(({ y }, i) => {
    const path = y.map((value, j) => `${j === 0 ? "M" : "L"}${round(px(plot.x[j]))} ${round(py(value))}`).join("");
    body.push(`<path d="${path}" fill="none" stroke="${colour(i)}" stroke-width="2"/>`);
  });
  for (const { name, i, at } of ends) {
    body.push(svgText(BOX.left + BOX.width + 8, at + 4, name, `style="fill:${colour(i)}"`));
  }
  body.push(
    svgText(BOX.left + BOX.width / 2, BOX.top + BOX.height + 38, plot.xName, 'class="small" text-anchor="middle"'),
  );
  return svgPicture(BOX.left + BOX.width + 120, BOX.top + BOX.height + 50, plot.about, body);
}
