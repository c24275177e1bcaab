/** A sequence of messages as an SVG picture: time runs down, each rank is a line. */
import { formatBytes } from "../device/index.ts";
import type { Sequence } from "./sequence.ts";
import { colour, round, svgPicture, svgText, textWidth } from "./svg.ts";

const TOP = 64;
const ROW = 26;

/** @returns the text of an SVG file. */
export function sequenceSvg({ ranks, rows, more }: Sequence, title: string): string {
  const column = Math.max(84, Math.min(150, 640 / ranks));
  const at = (rank: number): number => 50 + rank * column;
  const bottom = TOP + rows.length * ROW;
  const body = [svgText(16, 24, title, 'class="title"')];
  for (let rank = 0; rank < ranks; rank++) {
    body.push(svgText(at(rank), 48, `rank ${rank}`, `text-anchor="middle" style="fill:${colour(rank)}"`));
    body.push(`<path d="M${round(at(rank))} 56V${bottom}" stroke="${colour(rank)}" stroke-width="2" opacity=".55"/>`);
  }
  rows.forEach((row, i) => {
    const y = TOP + i * ROW + ROW / 2;
    const side = at(ranks - 1) + 16;
    if (row.kind === "stuck") {
      const x = at(row.rank);
      body.push(`<path d="M${x - 5} ${y - 5}l10 10m0 -10l-10 10" stroke="var(--bad)" stroke-width="2.5"/>`);
      body.push(svgText(x + 12, y + 4, row.label, 'class="small" style="fill:var(--bad)"'));
      return;
    }
    if (row.kind === "shared") {
      for (const rank of row.ranks)
        body.push(`<circle cx="${round(at(rank))}" cy="${y}" r="4.5" fill="${colour(rank)}"/>`);
      body.push(svgText(side, y + 4, row.label, 'class="small"'));
      return;
    }
    const right = row.to > row.from;
    const tip = at(row.to) + (right ? -2 : 2);
    const stroke = `stroke="${colour(row.from)}"`;
    body.push(`<path d="M${round(at(row.from))} ${y}H${round(tip)}" ${stroke} stroke-width="1.8"/>`);
    body.push(
      `<path d="M${round(tip + (right ? -8 : 8))} ${y - 4}L${round(tip)} ${y}l${right ? -8 : 8} 4" fill="none" ${stroke} stroke-width="1.8"/>`,
    );
    const anchor = right ? "start" : "end";
    body.push(
      svgText(
        at(row.from) + (right ? 10 : -10),
        y - 5,
        formatBytes(row.bytes),
        `class="small" text-anchor="${anchor}"`,
      ),
    );
    if (row.label) body.push(svgText(side, y + 4, row.label, 'class="small"'));
  });
  if (more > 0) body.push(svgText(16, bottom + 18, `… and ${more} more`, 'class="small"'));
  const right = rows.map((row) =>
    row.kind === "stuck" ? at(row.rank) + 12 + textWidth(row.label) : at(ranks - 1) + 16 + textWidth(row.label),
  );
  const width = Math.max(at(ranks - 1) + 40, 32 + textWidth(title, 14), ...right.map((x) => x + 16));
  return svgPicture(width, bottom + (more > 0 ? 30 : 16), title, body);
}
