/** Curves over their index as an SVG picture, each labelled where it ends. */
import type { Series } from "../script/show.ts";
import { extent, shareOf, valueAt } from "../trace/extent.ts";
import { colour, type Look, round, svgPicture, svgText } from "./svg.ts";

/** Width of a name below the curves, and the height of a row of them. */
const NAME = 150;
const LINE = 18;
/** Room at the left and right of the curves, and their height. */
const LEFT = 84;
const RIGHT = 30;
const HEIGHT = 240;
const WIDE = 754;

/** @param look width in pixels, and whether the title is drawn, too. @returns the text of an SVG file. */
export function seriesSvg(series: readonly Series[], title: string, look: Look = {}): string {
  const { width = WIDE, titled = true } = look;
  const BOX = { left: LEFT, top: titled ? 44 : 14, width: width - LEFT - RIGHT, height: HEIGHT };
  const NAMES = Math.max(1, Math.floor(BOX.width / NAME));
  const [low, high] = extent(series.flatMap(({ y }) => y)) ?? [0, 1];
  const most = Math.max(2, ...series.map(({ y }) => y.length));
  const px = (i: number): number => round(BOX.left + (i / (most - 1)) * BOX.width);
  const py = (y: number): number => round(BOX.top + BOX.height * (1 - (low === high ? 0 : shareOf(y, low, high))));
  const body = titled ? [svgText(16, 26, title, 'class="title"')] : [];
  for (let tick = 0; tick <= 4; tick++) {
    const value = valueAt(tick / 4, low, high);
    body.push(`<path d="M${BOX.left} ${py(value)}h${BOX.width}" stroke="var(--line)" stroke-width=".7"/>`);
    const digits = value.toPrecision(4);
    const text = Number.isFinite(Number(digits)) ? String(Number(digits)) : digits; // the largest number rounds up
    body.push(svgText(BOX.left - 8, py(value) + 4, text, 'class="small" text-anchor="end"'));
  }
  body.push(svgText(BOX.left, BOX.top + BOX.height + 18, "0", 'class="small" text-anchor="middle"'));
  const end = BOX.left + BOX.width;
  body.push(svgText(end, BOX.top + BOX.height + 18, String(most - 1), 'class="small" text-anchor="middle"'));
  series.forEach(({ name, y }, i) => {
    const style = `fill="none" stroke="${colour(i)}" stroke-width="2" stroke-linecap="round"`;
    for (const points of stretches(y, (j) => `${px(j)},${py(y[j])}`))
      body.push(`<polyline points="${points}" ${style}/>`);
    const [column, row] = [i % NAMES, Math.floor(i / NAMES)];
    const [x, below] = [BOX.left + column * (BOX.width / NAMES), BOX.top + BOX.height + 42 + row * LINE];
    body.push(svgText(x, below, name, `style="fill:${colour(i)}"`));
  });
  const rows = Math.max(1, Math.ceil(series.length / NAMES));
  return svgPicture(width, BOX.top + BOX.height + 38 + rows * LINE, title || "Curves", body);
}

/** Points of each stretch without a missing number; one that stands alone is there twice, and drawn as a dot. */
function stretches(y: readonly number[], point: (i: number) => string): string[] {
  const all: string[][] = [];
  y.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    if (i === 0 || !Number.isFinite(y[i - 1])) all.push([]);
    all.at(-1)?.push(point(i));
  });
  return all.map((points) => (points.length === 1 ? [points[0], points[0]] : points).join(" "));
}
