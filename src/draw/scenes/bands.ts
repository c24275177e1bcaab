/**
 * Rounds as a picture: a lane per rank, a shaded band per round with the messages that travel at once,
 * and between the bands what each rank holds. What a round has changed stands out.
 */
import { type Ink, letterOf, type Scene, type Shape } from "../scene.ts";

/** A message: from rank to rank, with what it carries. */
export interface BandArrow {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

/** What lies in a piece of a rank's tensor. */
export interface Held {
  readonly text: string;
  readonly ink?: Ink;
}

/** A round. */
export interface Band {
  readonly label: string;
  readonly arrows: readonly BandArrow[];
  /** By rank: what it holds afterwards, piece by piece; nothing if that is not shown. */
  readonly after?: readonly (readonly Held[])[];
}

/** A picture of rounds. */
export interface Bands {
  readonly title: string;
  readonly ranks: number;
  /** Columns from lane to lane. */
  readonly lane: number;
  /** Characters of a piece. */
  readonly cell: number;
  /** Whether pieces lie above each other; else they lie side by side. */
  readonly stacked?: boolean;
  /** Names of the pieces: left of the first lane where they lie above each other, else above what ranks hold at first. */
  readonly pieces?: readonly string[];
  /** By rank: what it holds at first. */
  readonly before?: readonly (readonly Held[])[];
  readonly bands: readonly Band[];
  /** Drawn above the lanes. */
  readonly top?: { readonly height: number; readonly shapes: readonly Shape[] };
}

/** The picture of some rounds. */
export function bandsScene(picture: Bands): Scene {
  const { title, ranks, lane, cell, stacked, pieces = [], before, bands, top } = picture;
  const margin = stacked && pieces.length > 0 ? Math.max(...pieces.map(({ length }) => length)) + 1 : 0;
  const at = (rank: number): number => margin + (lane >> 1) + rank * lane;
  const lanes = Array.from({ length: ranks }, (_, rank) => rank);
  const shapes: Shape[] = [...(top?.shapes ?? [])];
  let y = top?.height ?? 0;
  for (const rank of lanes) {
    const text = lane < 10 ? `${rank} ${letterOf(rank)}` : `rank ${rank}: ${letterOf(rank)}`;
    shapes.push({ kind: "text", x: at(rank), y, text, anchor: "middle", ink: rank, style: "bold" });
  }
  y++;
  /** Draws what all ranks hold, and goes below it. */
  const hold = (held: readonly (readonly Held[])[], last: readonly (readonly Held[])[] | undefined): void => {
    let height = 0;
    for (const rank of lanes) {
      const cells = held[rank].map(({ text, ink }, i) => ({
        text,
        ink,
        strong: last && last[rank]?.[i]?.text !== text,
      }));
      const wide = stacked ? cell : cells.length * (cell + 1) - 1;
      const x = at(rank) - ((wide + 1) >> 1);
      const rows = stacked ? cells.map((each) => [each]) : [cells];
      rows.forEach((row, i) => void shapes.push({ kind: "cells", x, y: y + i, width: cell, cells: row }));
      height = Math.max(height, rows.length);
    }
    if (stacked)
      pieces.forEach(
        (text, i) => void shapes.push({ kind: "text", x: 0, y: y + i, text, style: "small", ink: "soft" }),
      );
    y += height;
  };
  if (before && pieces.length > 0 && !stacked) {
    for (const rank of lanes) {
      const left = at(rank) - ((pieces.length * (cell + 1)) >> 1) + ((cell + 1) >> 1);
      pieces.forEach((text, i) => {
        shapes.push({ kind: "text", x: left + i * (cell + 1), y, text, anchor: "middle", style: "small", ink: "soft" });
      });
    }
    y++;
  }
  if (before) hold(before, undefined);
  let held = before;
  for (const { label, arrows, after } of bands) {
    const rows = packed(arrows);
    shapes.push({ kind: "band", y, height: rows.length + 1, label });
    for (const rank of lanes) {
      shapes.push({ kind: "lane", x: at(rank), y: y + 1, height: rows.length, ink: rank });
    }
    rows.forEach((row, i) => void shapes.push(...row.flatMap((arrow) => arrowShapes(arrow, at, lane, y + 1 + i))));
    y += rows.length + 1;
    if (after) {
      hold(after, held);
      held = after;
    }
  }
  return { title, about: title, width: margin + ranks * lane, height: y, shapes };
}

/** An arrow, and what it carries beside its sender. */
function arrowShapes({ from, to, label }: BandArrow, at: (rank: number) => number, lane: number, y: number): Shape[] {
  const way = Math.sign(to - from);
  const text = ` ${label} `;
  // In the middle of its way to the next lane; where it does not fit there, it begins beside its sender.
  const fits = text.length < lane;
  const x = at(from) + way * (fits ? (lane >> 1) - (lane > text.length + 4 ? 1 : 0) : 1);
  const anchor = fits ? "middle" : way > 0 ? "start" : "end";
  return [
    { kind: "line", points: [[at(from), y], [at(to) - way, y]], ink: from, arrow: true }, // biome-ignore format: two ends
    ...(label ? [{ kind: "text", x, y, text, anchor, style: "code", back: "panel" } as const] : []),
  ];
}

/** Arrows in as few rows as they need: those of a row meet at their ends at most. */
function packed(arrows: readonly BandArrow[]): BandArrow[][] {
  const span = ({ from, to }: BandArrow): [number, number] => [Math.min(from, to), Math.max(from, to)];
  const rows: BandArrow[][] = [];
  for (const arrow of arrows) {
    const [left, right] = span(arrow);
    const row = rows.find((others) =>
      others.every((other) => {
        const [from, to] = span(other);
        return right <= from || to <= left;
      }),
    );
    if (row) row.push(arrow);
    else rows.push([arrow]);
  }
  return rows;
}
