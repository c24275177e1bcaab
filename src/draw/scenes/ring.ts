/** A ring of ranks as a ring: boxes above and below, with arrows to the right neighbour. */
import { letterOf, type Point, type Shape } from "../scene.ts";

/** Characters of a box. */
const BOX = 11;

/**
 * @param ranks at least two: the first half stands above, from left to right, the others below, from right to left.
 * @param width columns of the picture, in whose middle it stands.
 */
export function ringShapes(ranks: number, width: number): { height: number; shapes: Shape[] } {
  const above = Math.ceil(ranks / 2);
  const gap = 8;
  const wide = above * BOX + (above - 1) * gap;
  const left = (width - wide) >> 1;
  const below = ranks - above;
  const indent = left + ((wide - below * BOX - (below - 1) * gap) >> 1);
  const at = (rank: number): Point =>
    rank < above ? [left + rank * (BOX + gap), 0] : [indent + (ranks - 1 - rank) * (BOX + gap), 4];
  const shapes: Shape[] = [];
  for (let rank = 0; rank < ranks; rank++) {
    const [x, y] = at(rank);
    shapes.push(
      { kind: "box", x, y, width: BOX, height: 3, ink: rank, fill: rank },
      {
        kind: "text",
        x: x + (BOX >> 1),
        y: y + 1,
        text: `rank ${rank}: ${letterOf(rank)}`,
        anchor: "middle",
        ink: rank,
      },
    );
    const next = (rank + 1) % ranks;
    const [toX, toY] = at(next);
    const isLevel = y === toY;
    const right = y === 0;
    const points: Point[] = isLevel
      ? [right ? [x + BOX - 1, y + 1] : [x, y + 1], right ? [toX - 1, toY + 1] : [toX + BOX, toY + 1]]
      : right
        ? [
            [x + BOX - 3, y + 2],
            [x + BOX - 3, toY + 1],
            [toX + BOX, toY + 1],
          ]
        : [
            [x, y + 1],
            [toX + 2, y + 1],
            [toX + 2, toY + 3],
          ];
    shapes.push({ kind: "line", points, ink: rank, arrow: true });
  }
  return { height: 8, shapes };
}
