/** A scene as lines of text, for terminals: a cell is a character, and what lies between two is in the nearer one. Lines that meet are joined. */
import type { BoxShape, CellsShape, LineShape, Scene, Shape, TextShape } from "./scene.ts";

/** Which sides of a cell a line leaves by: up 1, right 2, down 4, left 8. */
const strokes = [" ", "╵", "╶", "└", "╷", "│", "┌", "├", "╴", "┘", "─", "┴", "┐", "┤", "┬", "┼"];
const [UP, RIGHT, DOWN, LEFT] = [1, 2, 4, 8];

/** @returns the lines, without blanks at their ends; the title comes first. */
export function sceneText({ title, width, height, shapes }: Scene): string[] {
  const sheet = new Sheet(width, height);
  for (const shape of shapes) draw(sheet, shape);
  return [title, "", ...sheet.lines()];
}

class Sheet {
  readonly #rows: { text?: string; sides: number }[][];

  constructor(width: number, height: number) {
    this.#rows = Array.from({ length: height }, () => Array.from({ length: width }, () => ({ sides: 0 })));
  }

  /** Adds to the lines that cross a cell. */
  join(x: number, y: number, sides: number): void {
    const cell = this.#rows[Math.round(y)]?.[Math.round(x)];
    if (cell) cell.sides |= sides;
  }

  /** Puts characters over whatever is there. */
  write(x: number, y: number, text: string): void {
    const [column, row] = [Math.round(x), Math.round(y)];
    for (const [i, character] of [...text].entries()) {
      const cell = this.#rows[row]?.[column + i];
      if (cell) cell.text = character;
    }
  }

  lines(): string[] {
    return this.#rows.map((row) =>
      row
        .map(({ text, sides }) => text ?? strokes[sides])
        .join("")
        .trimEnd(),
    );
  }
}

function draw(sheet: Sheet, shape: Shape): void {
  switch (shape.kind) {
    case "text":
      write(sheet, shape);
      break;
    case "box":
      frame(sheet, shape);
      break;
    case "cells":
      strip(sheet, shape);
      break;
    case "line":
      trace(sheet, shape);
      break;
    case "band":
      sheet.write(0, shape.y, shape.label);
      break;
    case "lane":
      for (let row = 0; row < shape.height; row++) sheet.join(shape.x, shape.y + row, UP | DOWN);
      break;
    case "dot":
      sheet.write(shape.x, shape.y, "●");
  }
}

function write(sheet: Sheet, { x, y, text, anchor = "start" }: TextShape): void {
  const length = [...text].length;
  const back = anchor === "start" ? 0 : anchor === "end" ? length - 1 : Math.floor(length / 2);
  sheet.write(x - back, y, text);
}

function frame(sheet: Sheet, { x, y, width, height }: BoxShape): void {
  const [right, bottom] = [x + width - 1, y + height - 1];
  trace(sheet, { kind: "line", points: [[x, y], [right, y], [right, bottom], [x, bottom], [x, y]] }); // biome-ignore format: one corner after the other
}

function strip(sheet: Sheet, { x, y, width, cells }: CellsShape): void {
  const words = cells.map(({ text }) => {
    const room = width - [...text].length;
    return `${" ".repeat(Math.max(0, Math.floor(room / 2)))}${text}${" ".repeat(Math.max(0, Math.ceil(room / 2)))}`;
  });
  const bar = (i: number): string => (cells[i - 1]?.strong || cells[i]?.strong ? "┃" : "│");
  sheet.write(x, y, `${words.map((word, i) => `${bar(i)}${word}`).join("")}${bar(words.length)}`);
}

function trace(sheet: Sheet, { points, arrow }: LineShape): void {
  for (let i = 1; i < points.length; i++) {
    let [x, y] = points[i - 1].map(Math.round);
    const [toX, toY] = points[i].map(Math.round);
    while (x !== toX || y !== toY) {
      const [dx, dy] = x !== toX ? [Math.sign(toX - x), 0] : [0, Math.sign(toY - y)];
      sheet.join(x, y, dx > 0 ? RIGHT : dx < 0 ? LEFT : dy > 0 ? DOWN : UP);
      x += dx;
      y += dy;
      sheet.join(x, y, dx > 0 ? LEFT : dx < 0 ? RIGHT : dy > 0 ? UP : DOWN);
    }
  }
  const [tip, from] = [points[points.length - 1], points[points.length - 2]];
  if (!arrow || !from) return;
  const [dx, dy] = [tip[0] - from[0], tip[1] - from[1]];
  sheet.write(tip[0], tip[1], Math.abs(dx) > Math.abs(dy) ? (dx > 0 ? "▶" : "◀") : dy > 0 ? "▼" : "▲");
}
