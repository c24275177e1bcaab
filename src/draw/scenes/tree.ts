/** A tree of ranks as a tree: the root above, each child below its parent, its lines along the grid. */
import { letterOf, type Point, type Shape } from "../scene.ts";

/** Who hands on to whom. */
export interface Tree {
  readonly root: number;
  childrenOf(rank: number): readonly number[];
  /** What stands beside the line to a rank; nothing if not given. */
  label?(rank: number): string;
}

/** Columns of a node, with the space beside it; and rows from level to level. */
const NODE = 7;
const LEVEL = 4;
/** Columns and rows more where lines are labelled. */
const [WIDER, HIGHER] = [2, 1];

/** A tree's shapes, and how many columns and rows they take. */
export function treeShapes({ root, childrenOf, label }: Tree): {
  width: number;
  height: number;
  shapes: Shape[];
} {
  const shapes: Shape[] = [];
  const step = LEVEL + (label ? HIGHER : 0);
  const node = NODE + (label ? WIDER : 0);
  let leaves = 0;
  let levels = 0;
  /** @returns the column of a node's middle. */
  const place = (rank: number, level: number): number => {
    levels = Math.max(levels, level + 1);
    const children = childrenOf(rank);
    const middles = children.map((child) => place(child, level + 1));
    const x =
      middles.length === 0 ? node * leaves++ + (node >> 1) : Math.round((middles[0] + middles[middles.length - 1]) / 2);
    const y = level * step;
    children.forEach((child, i) => {
      const points: Point[] = [
        [x, y + 2],
        [x, y + 3],
        [middles[i], y + 3],
        [middles[i], y + step],
      ];
      const straight = x === middles[i] ? [points[0], points[3]] : points;
      shapes.push({ kind: "line", points: straight, ink: rank });
      if (label)
        shapes.push({ kind: "text", x: middles[i] + 1, y: y + LEVEL, text: label(child), style: "small", ink: "soft" });
    });
    const isLeaf = children.length === 0;
    shapes.push(
      { kind: "box", x: x - 2, y, width: 5, height: 3, ink: rank, fill: isLeaf ? undefined : rank, dashed: isLeaf },
      { kind: "text", x, y: y + 1, text: `${rank} ${letterOf(rank)}`, anchor: "middle", ink: rank },
    );
    return x;
  };
  place(root, 0);
  return { width: leaves * node, height: (levels - 1) * step + 3, shapes };
}
