/** A scene as an SVG picture: a cell is 8 pixels wide and 20 high; lines run through the middles of cells. */
import type { BoxShape, CellsShape, Ink, LineShape, Point, Scene, Shape, TextShape } from "./scene.ts";
import { colour, round, svgPicture, svgText, textWidth } from "./svg.ts";

const CELL = 8;
const ROW = 20;
/** Pixels around the picture, and above it for the title. */
const EDGE = 12;
const HEAD = 34;
/** How round a line's corners are. */
const BEND = 6;

/** Pixels of the letters of each style. */
const SIZES = { plain: 13, bold: 14, small: 11, code: 12 };

const px = (x: number): number => EDGE + (x + 0.5) * CELL;
const py = (y: number): number => HEAD + (y + 0.5) * ROW;

/** @returns the text of an SVG file. */
export function sceneSvg({ title, about, width, height, shapes }: Scene): string {
  const boxes = shapes.filter((shape) => shape.kind === "box");
  const words = shapes.filter((shape) => shape.kind === "text").map((shape) => placeOf(shape));
  const most = Math.max(EDGE + textWidth(title, SIZES.bold), ...words.map(({ left, length }) => left + length));
  const wide = Math.max(2 * EDGE + width * CELL, Math.ceil(most) + EDGE);
  const body = [svgText(EDGE, 22, title, 'class="title"'), ...shapes.map((shape) => draw(shape, wide, boxes))];
  return svgPicture(wide, HEAD + height * ROW + EDGE, about, body);
}

function draw(shape: Shape, wide: number, boxes: readonly BoxShape[]): string {
  switch (shape.kind) {
    case "text":
      return textOf(shape);
    case "box":
      return boxOf(shape);
    case "cells":
      return cellsOf(shape);
    case "line":
      return lineOf(shape, boxes);
    case "band": {
      const place = `x="4" y="${HEAD + shape.y * ROW}" width="${wide - 8}" height="${shape.height * ROW - 4}"`;
      const label = svgText(EDGE, HEAD + shape.y * ROW + 14, shape.label, 'class="small"');
      return `<rect ${place} rx="6" fill="var(--panel)"/>${label}`;
    }
    case "lane": {
      const path = `M${px(shape.x)} ${HEAD + shape.y * ROW}V${HEAD + (shape.y + shape.height) * ROW}`;
      return `<path d="${path}" stroke="${inkOf(shape.ink)}" stroke-width="2" opacity=".35"/>`;
    }
    case "dot":
      return `<circle cx="${px(shape.x)}" cy="${py(shape.y)}" r="4.5" fill="${inkOf(shape.ink)}"/>`;
  }
}

function inkOf(ink: Ink = "ink"): string {
  return typeof ink === "number" ? colour(ink) : `var(--${ink})`;
}

/** Where words are anchored, where they begin, and how long they are, in pixels. None begin left of the frame. */
function placeOf({ x, text, anchor = "start", style }: TextShape): {
  at: number;
  left: number;
  length: number;
} {
  const words = text.trim();
  const length = textWidth(words, SIZES[style ?? "plain"]);
  // A space around words moves them by a cell.
  const [before, after] = [text.length - text.trimStart().length, text.length - text.trimEnd().length];
  const ends = { start: EDGE + (x + before) * CELL, middle: px(x), end: EDGE + (x + 1 - after) * CELL };
  const back = { start: 0, middle: length / 2, end: length }[anchor];
  const at = Math.max(ends[anchor], back + 2);
  return { at, left: at - back, length };
}

function textOf({ x, y, text, anchor = "start", ink = "ink", style, back }: TextShape): string {
  const { at } = placeOf({ kind: "text", x, y, text, anchor, style });
  const kinds = { bold: ' class="title"', small: ' class="small"', code: ' class="mono"', plain: "" };
  const paint = ink === "ink" || (style === "small" && ink === "soft") ? "" : ` style="fill:${inkOf(ink)}"`;
  const words = svgText(at, py(y) + 4.5, text.trim(), `text-anchor="${anchor}"${kinds[style ?? "plain"]}${paint}`);
  if (back === undefined) return words;
  const wide = ([...text.trim()].length + 1) * CELL;
  const left = anchor === "start" ? at - CELL / 2 : anchor === "end" ? at - wide + CELL / 2 : at - wide / 2;
  const paper = back === "page" ? "var(--page)" : inkOf(back);
  return `<rect x="${round(left)}" y="${round(py(y) - 8)}" width="${wide}" height="16" fill="${paper}"/>${words}`;
}

function boxOf({ x, y, width, height, ink = "soft", fill, solid, dashed }: BoxShape): string {
  const place = `x="${px(x)}" y="${py(y)}" width="${(width - 1) * CELL}" height="${(height - 1) * ROW}"`;
  const inside = fill === undefined ? "none" : inkOf(fill);
  const faint = fill === undefined || solid || fill === "panel" ? "" : ' fill-opacity=".12"';
  const dash = dashed ? ' stroke-dasharray="4 3"' : "";
  return `<rect ${place} rx="6" fill="${inside}"${faint} stroke="${inkOf(ink)}" stroke-width="1.2"${dash}/>`;
}

function cellsOf({ x, y, width, cells }: CellsShape): string {
  const step = (width + 1) * CELL;
  return cells
    .map(({ text, ink = "soft", strong }, i) => {
      const left = px(x) + i * step;
      const place = `x="${left}" y="${py(y) - 8}" width="${step}" height="16"`;
      const paint = `fill="${inkOf(ink)}" fill-opacity="${strong ? 0.32 : 0.12}" stroke="${inkOf(ink)}"`;
      const word = svgText(left + step / 2, py(y) + 4, text, 'text-anchor="middle" class="mono"');
      return `<rect ${place} ${paint} stroke-width="${strong ? 1.8 : 0.8}"/>${word}`;
    })
    .join("");
}

function lineOf({ points, ink = "soft", arrow, dashed, thick = 1.8 }: LineShape, boxes: readonly BoxShape[]): string {
  const at = points.map(([x, y]): Point => [px(x), py(y)]);
  const [x, y] = points[points.length - 1];
  const isFramed = boxes.some((box) => isOnFrame(box, x, y));
  if (arrow && at.length > 1 && !isFramed) at[at.length - 1] = ending(at[at.length - 2], at[at.length - 1]);
  const dash = dashed ? ' stroke-dasharray="5 4"' : "";
  const style = `fill="none" stroke="${inkOf(ink)}" stroke-width="${thick}"${dash} stroke-linejoin="round"`;
  const path = `<path d="${bent(at)}" ${style}/>`;
  if (!arrow || at.length < 2) return path;
  const [tip, from] = [at[at.length - 1], at[at.length - 2]];
  const [dx, dy] = unit(from, tip);
  const wing = (side: number): string =>
    `${round(tip[0] - 8 * dx - side * 4 * dy)} ${round(tip[1] - 8 * dy + side * 4 * dx)}`;
  return `${path}<path d="M${wing(1)}L${round(tip[0])} ${round(tip[1])}L${wing(-1)}" fill="none" stroke="${inkOf(ink)}" stroke-width="${thick}"/>`;
}

function isOnFrame({ x: left, y: top, width, height }: BoxShape, x: number, y: number): boolean {
  const [right, bottom] = [left + width - 1, top + height - 1];
  if (x < left || x > right || y < top || y > bottom) return false;
  return x === left || x === right || y === top || y === bottom;
}

/** Where an arrow ends that does not end at a frame: at the far edge of its last cell, or a little below or above. */
function ending(from: Point, tip: Point): Point {
  const [dx, dy] = unit(from, tip);
  return [tip[0] + dx * CELL * 0.5, tip[1] + dy * ROW * 0.6];
}

/** A path whose corners are rounded. */
function bent(points: readonly Point[]): string {
  return points
    .map((point, i) => {
      if (i === 0) return `M${round(point[0])} ${round(point[1])}`;
      if (i === points.length - 1) return `L${round(point[0])} ${round(point[1])}`;
      const [ax, ay] = unit(point, points[i - 1]);
      const [bx, by] = unit(point, points[i + 1]);
      const into = `${round(point[0] + ax * BEND)} ${round(point[1] + ay * BEND)}`;
      const out = `${round(point[0] + bx * BEND)} ${round(point[1] + by * BEND)}`;
      return `L${into}Q${round(point[0])} ${round(point[1])} ${out}`;
    })
    .join("");
}

function unit(from: Point, to: Point): Point {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy) || 1;
  return [dx / length, dy / length];
}
