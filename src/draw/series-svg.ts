/** Curves over their index as an SVG picture, each labelled where it ends. */
import type { Series } from "../script/show.ts";
import { colour, round, svgPicture, svgText } from "./svg.ts";

const BOX = { left: 84, top: 44, width: 640, height: 240 };

/** @returns the text of an SVG file. */
export function seriesSvg(series: readonly Series[], title: string): string {
  const all = series.flatMap(({ y }) => y).filter(Number.isFinite);
  const [low, high] = all.length > 0 ? [Math.min(...all), Math.max(...all)] : [0, 1];
  const most = Math.max(2, ...series.map(({ y }) => y.length));
  const px = (i: number): number => round(BOX.left + (i / (most - 1)) * BOX.width);
  const py = (y: number): number => round(BOX.top + BOX.height * (1 - (y - low) / (high - low || 1)));
  const body = [svgText(16, 26, title, 'class="title"')];
  for (let tick = 0; tick <= 4; tick++) {
    const value = low + ((high - low) * tick) / 4;
    body.push(`<path d="M${BOX.left} ${py(value)}h${BOX.width}" stroke="var(--line)" stroke-width=".7"/>`);
    const text = String(Number(value.toPrecision(4)));
    body.push(svgText(BOX.left - 8, py(value) + 4, text, 'class="small" text-anchor="end"'));
  }
  body.push(svgText(BOX.left, BOX.top + BOX.height + 18, "0", 'class="small" text-anchor="middle"'));
  const end = BOX.left + BOX.width;
  body.push(svgText(end, BOX.top + BOX.height + 18, String(most - 1), 'class="small" text-anchor="middle"'));
  series.forEach(({ name, y }, i) => {
    const points = y.flatMap((value, j) => (Number.isFinite(value) ? [`${px(j)},${py(value)}`] : []));
    body.push(`<polyline points="${points.join(" ")}" fill="none" stroke="${colour(i)}" stroke-width="2"/>`);
    body.push(svgText(BOX.left + i * 140, BOX.top + BOX.height + 42, name, `style="fill:${colour(i)}"`));
  });
  return svgPicture(end + 30, BOX.top + BOX.height + 56, title || "Curves", body);
}
