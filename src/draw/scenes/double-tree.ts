/** The two trees of a double binary tree beside each other, as the algorithm itself places ranks. */
import { doubleTreePlace } from "../../world/index.ts";
import { letterOf, moved, type Scene, type Shape } from "../scene.ts";
import { treeShapes } from "./tree.ts";

/** Columns between the trees. */
const GAP = 2;

/** Leaves are dashed: nearly every rank is a leaf of one tree and an inner rank of the other. @param ranks at least 2. */
export function doubleTreeScene(ranks: number): Scene {
  const shapes: Shape[] = [];
  let left = 0;
  let height = 0;
  for (const tree of [0, 1] as const) {
    const places = Array.from({ length: ranks }, (_, rank) => doubleTreePlace(rank, ranks, tree));
    const root = places.findIndex(({ parent }) => parent === undefined);
    const drawn = treeShapes({ root, childrenOf: (rank) => [...places[rank].children].sort((a, b) => a - b) });
    const text = `Tree ${tree + 1}: the ${tree === 0 ? "first" : "second"} half`;
    shapes.push({ kind: "text", x: left, y: 0, text, style: "bold" }, ...moved(drawn.shapes, left, 2));
    left += drawn.width + GAP;
    height = Math.max(height, 2 + drawn.height);
  }
  // Below: what each rank is in each of them.
  const names = Array.from({ length: ranks }, (_, rank) => rank);
  const wide = 5;
  height += 2;
  for (const rank of names) {
    const x = 7 + rank * (wide + 1) + 3;
    shapes.push({
      kind: "text",
      x,
      y: height - 1,
      text: `${rank} ${letterOf(rank)}`,
      anchor: "middle",
      ink: rank,
      style: "bold",
    });
  }
  for (const tree of [0, 1] as const) {
    const cells = names.map((rank) => {
      const isLeaf = doubleTreePlace(rank, ranks, tree).children.length === 0;
      return isLeaf ? { text: "leaf", ink: "soft" as const } : { text: "inner", ink: rank };
    });
    shapes.push(
      { kind: "text", x: 0, y: height, text: `tree ${tree + 1}` },
      { kind: "cells", x: 7, y: height, width: wide, cells },
    );
    height++;
  }
  left = Math.max(left, 7 + ranks * (wide + 1) + 1 + GAP);
  const title = `A double binary tree of ${ranks} ranks`;
  return { title, about: title, width: left - GAP, height, shapes };
}
