/**
 * A picture as data: shapes on a grid of character cells. One scene is drawn for a terminal
 * (scene-text.ts, a cell is a character) and as SVG (scene-svg.ts, a cell is 8 × 20 pixels), so both
 * show the same thing at the same place. Lines run along the grid; coordinates are whole cells,
 * counted from the left and from the top.
 */

/** What a shape is drawn with: a rank's or series' own colour by its number, or a role. */
export type Ink = number | "ink" | "soft" | "line" | "bad" | "panel";

/** A point: column and row of a cell. */
export type Point = readonly [x: number, y: number];

/** Words. `x` is where they begin, their middle or their end, as `anchor` says. */
export interface TextShape {
  readonly kind: "text";
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly anchor?: "start" | "middle" | "end";
  readonly ink?: Ink;
  /** SVG only: `bold` for headings, `small` for notes, `code` for a fixed width. */
  readonly style?: "bold" | "small" | "code";
  /** SVG only: what lies behind the words, so that lines below do not cross them. */
  readonly back?: Ink | "page";
}

/** A frame whose corners are cells; what it holds stands in shapes of their own. */
export interface BoxShape {
  readonly kind: "box";
  readonly x: number;
  readonly y: number;
  /** Cells from edge to edge, both edges counted: at least 2. */
  readonly width: number;
  readonly height: number;
  readonly ink?: Ink;
  /** SVG only: what the inside is filled with, at a tenth of its strength; `solid` at full strength. */
  readonly fill?: Ink;
  readonly solid?: boolean;
  readonly dashed?: boolean;
}

/** A strip of cells in a row, as a tensor's pieces: `│ a │ a+b │`. One row high in a terminal, framed in SVG. */
export interface CellsShape {
  readonly kind: "cells";
  readonly x: number;
  readonly y: number;
  /** Characters of each cell. */
  readonly width: number;
  /** What each holds; its colour; `strong` marks what has just changed, by thick lines. */
  readonly cells: readonly { readonly text: string; readonly ink?: Ink; readonly strong?: boolean }[];
}

/** A line along the grid, from point to point. */
export interface LineShape {
  readonly kind: "line";
  readonly points: readonly Point[];
  readonly ink?: Ink;
  /** An arrow's head at the end. */
  readonly arrow?: boolean;
  readonly dashed?: boolean;
  /** SVG only: thickness in pixels. */
  readonly thick?: number;
}

/** What happens at once: a shaded stretch of rows over the picture's whole width, named at the left. */
export interface BandShape {
  readonly kind: "band";
  readonly y: number;
  readonly height: number;
  readonly label: string;
}

/** A rank's life: a faint line down through whole cells. */
export interface LaneShape {
  readonly kind: "lane";
  readonly x: number;
  readonly y: number;
  readonly height: number;
  readonly ink?: Ink;
}

/** A dot on a line. */
export interface DotShape {
  readonly kind: "dot";
  readonly x: number;
  readonly y: number;
  readonly ink?: Ink;
}

/** Anything that a scene is made of. */
export type Shape = TextShape | BoxShape | CellsShape | LineShape | BandShape | LaneShape | DotShape;

/** A whole picture. */
export interface Scene {
  readonly title: string;
  /** What it shows, for readers who cannot see it. */
  readonly about: string;
  /** Columns and rows. */
  readonly width: number;
  readonly height: number;
  /** In drawing order: later ones lie above earlier ones. */
  readonly shapes: readonly Shape[];
}

/** A rank's letter, as contents name it: a for rank 0, b for rank 1, …; after z come a1, b1, … */
export function letterOf(rank: number): string {
  const letter = String.fromCharCode(97 + (rank % 26));
  return rank < 26 ? letter : `${letter}${Math.floor(rank / 26)}`;
}

/** A scene beside or below others, moved by so many cells. */
export function moved(shapes: readonly Shape[], dx: number, dy: number): Shape[] {
  return shapes.map((shape) => {
    if (shape.kind === "band") return { ...shape, y: shape.y + dy };
    if (shape.kind === "line") return { ...shape, points: shape.points.map(([x, y]) => [x + dx, y + dy] as const) };
    return { ...shape, x: shape.x + dx, y: shape.y + dy };
  });
}
