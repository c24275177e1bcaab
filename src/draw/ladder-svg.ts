/**
 * Levels of memory and links as dots on a logarithmic ladder of bandwidth: what each holds, how far
 * down the next step goes, and the latency beside it. Dots, because a bar's length on a logarithmic
 * axis means nothing: the axis has no zero.
 */
import { colour, round, svgPicture, svgText } from "./svg.ts";

/** A step of a ladder of links. */
export interface Rung {
  readonly name: string;
  /** Bytes a second. */
  readonly bandwidth: number;
  /** What it holds, or reaches. */
  readonly holds: string;
  /** Empty where there is none with a source. */
  readonly latency: string;
  /** What the latency is of: hardware, or a library's protocol. */
  readonly latencyOf: string;
}

const LEFT = 148;
const WIDTH = 220;
const ROW = 38;
const TOP = 62;
const TOTAL = 488;

/** @param rungs fastest first. @returns the text of an SVG file. */
export function ladderSvg(title: string, rungs: readonly Rung[]): string {
  // A decade is left free below the slowest, for its number.
  const from = Math.floor(Math.log10(Math.min(...rungs.map(({ bandwidth }) => bandwidth)))) - 1;
  const to = Math.ceil(Math.log10(Math.max(...rungs.map(({ bandwidth }) => bandwidth))));
  const bottom = TOP + rungs.length * ROW;
  const x = (bandwidth: number): number => round(LEFT + ((Math.log10(bandwidth) - from) / (to - from)) * WIDTH);
  const y = (i: number): number => TOP + i * ROW + 14;
  const latencies = LEFT + WIDTH + 36;
  const body = [
    svgText(12, 24, title, 'class="title"'),
    svgText(
      LEFT + WIDTH / 2,
      48,
      "bandwidth: each line ten times the one before",
      'class="small" text-anchor="middle"',
    ),
    svgText(latencies, 48, "latency", 'class="small"'),
  ];
  for (let power = from; power <= to; power++) {
    const at = x(10 ** power);
    body.push(`<path d="M${at} ${TOP - 4}V${bottom}" stroke="var(--line)" stroke-width=".8"/>`);
    body.push(svgText(at, bottom + 16, tick(power), 'class="small" text-anchor="middle"'));
  }
  rungs.forEach(({ name, bandwidth, holds, latency, latencyOf }, i) => {
    const [here, at] = [x(bandwidth), y(i)];
    body.push(svgText(12, at + 2, name), svgText(12, at + 16, holds, 'class="small"'));
    const next = rungs[i + 1];
    if (next) {
      body.push(
        `<path d="M${here} ${at}V${y(i + 1)}H${x(next.bandwidth)}" fill="none" stroke="var(--soft)" stroke-width="1.4"/>`,
        svgText(
          here + 6,
          at + ROW / 2 + 4,
          `÷ ${Number((bandwidth / next.bandwidth).toPrecision(2))}`,
          'class="small"',
        ),
      );
    }
    body.push(svgText(latencies, at + 2, latency), svgText(latencies, at + 16, latencyOf, 'class="small"'));
  });
  rungs.forEach(({ bandwidth }, i) => {
    const label = speed(bandwidth);
    const wide = label.length * 6.4 + 6;
    const at = x(bandwidth) - 10;
    // What stands behind a number must not strike it through.
    body.push(
      `<rect x="${round(at - wide + 2)}" y="${y(i) - 8}" width="${round(wide)}" height="16" fill="var(--page)"/>`,
      svgText(at, y(i) + 4, label, `text-anchor="end" style="fill:${colour(i)};font-size:12px"`),
      `<circle cx="${x(bandwidth)}" cy="${y(i)}" r="5.5" fill="${colour(i)}"/>`,
    );
  });
  return svgPicture(TOTAL, bottom + 28, title, body);
}

/** `450 GB/s` */
export function speed(bytesPerSecond: number): string {
  const [value, unit] = bytesPerSecond >= 1e12 ? [bytesPerSecond / 1e12, "TB/s"] : [bytesPerSecond / 1e9, "GB/s"];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

/** `1 GB/s`, 10, 100, `1 TB/s`, …: the unit once for every three. */
function tick(power: number): string {
  return power % 3 === 0 ? speed(10 ** power) : String(10 ** (power % 3));
}
