/** Parts of a machine on a logarithmic ladder of bandwidth, with capacity and latency beside them. */
import { colour, round, svgPicture, svgText } from "./svg.ts";

/** A step of a ladder of links. */
export interface Rung {
  readonly name: string;
  /** Bytes a second. */
  readonly bandwidth: number;
  readonly capacity: string;
  readonly latency: string;
}

const LEFT = 190;
const WIDTH = 330;
const ROW = 34;

/** @returns the text of an SVG file. */
export function ladderSvg(title: string, rungs: readonly Rung[]): string {
  const top = 64;
  const from = Math.floor(Math.log10(Math.min(...rungs.map(({ bandwidth }) => bandwidth))));
  const to = Math.ceil(Math.log10(Math.max(...rungs.map(({ bandwidth }) => bandwidth))));
  const bottom = top + rungs.length * ROW;
  const x = (bandwidth: number): number => LEFT + ((Math.log10(bandwidth) - from) / (to - from)) * WIDTH;
  const body = [
    svgText(16, 26, title, 'class="title"'),
    svgText(LEFT, 50, "bandwidth, each step ten times", 'class="small"'),
  ];
  body.push(
    svgText(LEFT + WIDTH + 20, 50, "capacity", 'class="small"'),
    svgText(LEFT + WIDTH + 110, 50, "latency", 'class="small"'),
  );
  for (let power = from; power <= to; power++) {
    const at = round(x(10 ** power));
    body.push(`<path d="M${at} ${top - 6}V${bottom}" stroke="var(--line)" stroke-width=".7"/>`);
    body.push(svgText(at, bottom + 16, speed(10 ** power), 'class="small" text-anchor="middle"'));
  }
  rungs.forEach(({ name, bandwidth, capacity, latency }, i) => {
    const y = top + i * ROW;
    body.push(svgText(LEFT - 12, y + 17, name, 'text-anchor="end"'));
    body.push(
      `<rect x="${LEFT}" y="${y + 4}" width="${round(x(bandwidth) - LEFT)}" height="18" rx="4" fill="${colour(i)}" opacity=".85"/>`,
    );
    body.push(
      svgText(LEFT + WIDTH + 20, y + 17, capacity, 'class="small"'),
      svgText(LEFT + WIDTH + 110, y + 17, latency, 'class="small"'),
    );
  });
  return svgPicture(LEFT + WIDTH + 190, bottom + 28, title, body);
}

function speed(bytesPerSecond: number): string {
  return bytesPerSecond >= 1e12 ? `${bytesPerSecond / 1e12} TB/s` : `${bytesPerSecond / 1e9} GB/s`;
}
