/** A machine as an SVG picture: its devices and links, an algorithm's busy links in colour, all of the busiest in red. */
import type { Layout } from "../sim/layout.ts";
import { hopName, type Machine } from "../sim/machine.ts";
import { bottleneckOf, busiestOf } from "./busiest.ts";
import { BOX, planMachine } from "./machine-plan.ts";
import { colour, round, svgPicture, svgText } from "./svg.ts";

/** @param layout an algorithm's load, if one is to be shown. @returns the text of an SVG file. */
export function machineSvg(machine: Machine, layout?: Layout): string {
  const { width, bottom, boxes, wires, labels, more } = planMachine(machine);
  const busiest = layout ? busiestOf(layout) : [];
  const bad = new Set(busiest.map(({ hop }) => hopName(hop)));
  const busy = new Set(layout?.loads.filter(({ seconds }) => seconds > 0).map(({ hop }) => hopName(hop)));
  const slowest = machine.links.reduce((least, { part }) => Math.min(least, part.bandwidth), Infinity);
  const thick = (bandwidth: number): number => round(1.6 + Math.log2(bandwidth / slowest) * 0.8);
  const either = (names: ReadonlySet<string>, { a, b }: { readonly a: string; readonly b: string }): boolean =>
    names.has(hopName({ from: a, to: b })) || names.has(hopName({ from: b, to: a }));

  const body = [
    svgText(16, 26, machine.name, 'class="title"'),
    ...wrapped(layout ? `${layout.algorithm}: ${figures(layout)}` : machine.about, 70).map((line, i) =>
      svgText(16, 44 + 14 * i, line, 'class="small"'),
    ),
    ...labels.map(({ text, y }) => svgText(16, y, text, 'class="small"')),
  ];
  const order = { line: 0, busy: 1, bad: 2 };
  const drawn = wires.map(({ link, points }) => {
    const role = either(bad, link) ? ("bad" as const) : either(busy, link) ? ("busy" as const) : ("line" as const);
    const stroke = role === "busy" ? colour(0) : `var(--${role})`;
    const d = points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join("");
    const pen = `stroke="${stroke}" stroke-width="${thick(link.part.bandwidth)}" stroke-linejoin="round"`;
    return { role, path: `<path d="${d}" fill="none" ${pen}/>` };
  });
  body.push(...drawn.sort((a, b) => order[a.role] - order[b.role]).map(({ path }) => path));
  for (const { kind, words, x, y, width: wide } of boxes) {
    const rank = kind === "gpu" || kind === "core";
    const place = `x="${round(x - wide / 2)}" y="${round(y - BOX / 2)}" width="${round(wide)}" height="${BOX}"`;
    body.push(
      `<rect ${place} rx="6" fill="${rank ? colour(2) : "var(--panel)"}" stroke="var(--soft)" stroke-width=".8"/>`,
    );
    const look = `text-anchor="middle" class="small" style="fill:var(--${rank ? "page" : "ink"})"`;
    words.forEach((word, i) => void body.push(svgText(x, y + 4 + (i - (words.length - 1) / 2) * 13, word, look)));
  }

  // A line of each kind of link, as thick as in the picture.
  let at = bottom + 26;
  for (const [name, bandwidth] of new Map(machine.links.map(({ part }) => [part.name, part.bandwidth]))) {
    body.push(`<path d="M16 ${round(at - 4)}h26" stroke="var(--soft)" stroke-width="${thick(bandwidth)}"/>`);
    body.push(svgText(52, at, `${name}: ${gigabytes(bandwidth)} each way`, 'class="small"'));
    at += 17;
  }
  if (more > 0) {
    body.push(svgText(16, at, `${more} more node${more === 1 ? "" : "s"} like these`, 'class="small"'));
    at += 17;
  }
  if (busiest.length > 0) {
    for (const line of wrapped(`bottleneck: ${bottleneckOf(busiest)}`, 74)) {
      body.push(svgText(16, at, line, 'class="small" style="fill:var(--bad)"'));
      at += 15;
    }
  }
  return svgPicture(width, at, `${machine.name}: ${machine.about}`, body);
}

/** Words in lines of at most so many characters. */
function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function figures({ seconds, busbw }: Layout): string {
  return `${Number((seconds * 1e3).toPrecision(3))} ms, bus bandwidth ${gigabytes(busbw)}`;
}

function gigabytes(bytesPerSecond: number): string {
  return `${Number((bytesPerSecond / 1e9).toPrecision(3))} GB/s`;
}
