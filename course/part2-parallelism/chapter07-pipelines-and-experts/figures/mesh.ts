// Eight ranks as one mesh of two stages, two data-parallel ranks and two tensor-parallel ones, and the same ranks as experts see them.
import { type Figure, letterOf, type Shape } from "worldsize/draw";

const [PP, DP, TP] = [2, 2, 2];
const CELL = 9;
const LEFT = 6;
/** Where the experts' half begins. */
const RIGHT = LEFT + TP * (CELL + 1) + 8;

/** A rank by its place: tp is innermost. */
const rankOf = (pp: number, dp: number, tp: number): number => (pp * DP + dp) * TP + tp;

export const figure: Figure = {
  about:
    "Eight ranks a to h: two stages of four. In each stage, two columns along tp have the two halves of every weight, and two rows along dp have the same halves; for experts the same four ranks have one expert each.",
  draw() {
    const shapes: Shape[] = [
      { kind: "text", x: LEFT, y: 0, text: "attention, norms, head", style: "bold" },
      { kind: "text", x: RIGHT, y: 0, text: "experts: ep4", style: "bold" },
    ];
    for (let pp = 0; pp < PP; pp++) {
      const top = 2 + pp * 10;
      const layers = pp === 0 ? "layers 0 to 3" : "layers 4 to 7";
      shapes.push({ kind: "text", x: 0, y: top, text: `pp ${pp}: ${layers}`, style: "bold" });
      for (let tp = 0; tp < TP; tp++) {
        const x = LEFT + tp * (CELL + 1) + 1;
        shapes.push({ kind: "text", x, y: top + 1, text: `tp ${tp}`, style: "small", ink: "soft" });
      }
      for (let dp = 0; dp < DP; dp++) {
        const y = top + 3 + 2 * dp;
        shapes.push({ kind: "text", x: 0, y, text: `dp ${dp}`, style: "small", ink: "soft" });
        const halves = Array.from({ length: TP }, (_, tp) => {
          // What has the same color is the same: dp 0 and dp 1 have the same halves.
          return { text: `${letterOf(rankOf(pp, dp, tp))}: half ${tp}`, ink: rankOf(pp, 0, tp) };
        });
        shapes.push({ kind: "cells", x: LEFT, y, width: CELL, cells: halves });
        const experts = Array.from({ length: TP }, (_, tp) => {
          const rank = rankOf(pp, dp, tp);
          return { text: `${letterOf(rank)}: exp ${rank % (DP * TP)}`, ink: rank };
        });
        shapes.push({ kind: "cells", x: RIGHT, y, width: CELL, cells: experts });
      }
      if (pp === PP - 1) continue;
      const down: readonly (readonly [number, number])[] = [
        [LEFT + CELL / 2 + 0.5, top + 6],
        [LEFT + CELL / 2 + 0.5, top + 8],
      ];
      const points = down.map(([x, y]) => [Math.round(x), y] as const);
      shapes.push({ kind: "line", points, arrow: true, ink: "soft" });
      const x = LEFT + CELL;
      shapes.push({ kind: "text", x, y: top + 7, text: "activations, a to e", style: "small", ink: "soft" });
    }
    const bottom = 2 + PP * 10 - 2;
    const notes = ["Same color on one side: the same weights,", "so their gradients are summed."];
    for (const [i, text] of notes.entries())
      shapes.push({ kind: "text", x: 0, y: bottom + i, text, style: "small", ink: "soft" });
    return { title: "One mesh, seen twice", about: "", width: RIGHT + TP * (CELL + 1) + 2, height: bottom + 3, shapes };
  },
};
