// What each of four ranks keeps between steps at ZeRO's stages 0 to 3: a quarter of each kind is a cell.
import { type Figure, letterOf, type Shape } from "worldsize/draw";

const RANKS = 4;
/** Kinds, with the bytes of each for a parameter in f32, and the stage from which a rank keeps its own part only. */
const kinds = [
  { name: "parameters", bytes: 4, from: 3, width: 2 },
  { name: "gradients", bytes: 4, from: 2, width: 2 },
  { name: "Adam's moments", bytes: 8, from: 1, width: 5 },
] as const;
const LEFT = 4;
const GAP = 3;

/** Where each kind's cells begin. */
function columns(): number[] {
  let x = LEFT;
  return kinds.map(({ width }) => {
    const at = x;
    x += RANKS * (width + 1) + GAP;
    return at;
  });
}

export const figure: Figure = {
  about:
    "Four ranks at ZeRO's stages 0 to 3: at stage 0 each keeps all parameters, gradients and moments, 16 bytes per parameter; at stage 3 a quarter of each, 4 bytes.",
  draw() {
    const shapes: Shape[] = [];
    const at = columns();
    for (const [k, { name, bytes }] of kinds.entries()) {
      shapes.push({ kind: "text", x: at[k], y: 0, text: name, style: "bold" });
      shapes.push({ kind: "text", x: at[k], y: 1, text: `${bytes} B each`, style: "small", ink: "soft" });
    }
    for (let stage = 0; stage <= 3; stage++) {
      const top = 3 + stage * (2 * RANKS + 2);
      const kept = kinds.reduce((sum, { bytes, from }) => sum + (stage >= from ? bytes / RANKS : bytes), 0);
      const name = ["0, DDP", "1: moments cut", "2: and gradients", "3: and parameters"][stage];
      shapes.push({ kind: "text", x: 0, y: top, text: `Stage ${name}`, style: "bold" });
      const text = `${kept} B per parameter`;
      shapes.push({ kind: "text", x: at[2], y: top, text, style: "bold" });
      for (let rank = 0; rank < RANKS; rank++) {
        const y = top + 2 + 2 * rank;
        shapes.push({ kind: "text", x: 0, y, text: letterOf(rank), ink: rank });
        for (const [k, { from, width }] of kinds.entries()) {
          const cells = Array.from({ length: RANKS }, (_, owner) => {
            const isKept = stage < from || owner === rank;
            return isKept ? { text: letterOf(owner), ink: owner, strong: true } : { text: "", ink: "line" as const };
          });
          shapes.push({ kind: "cells", x: at[k], y, width, cells });
        }
      }
    }
    const width = at[2] + RANKS * (kinds[2].width + 1) + 2;
    return { title: "What a rank keeps", about: "", width, height: 3 + 4 * (2 * RANKS + 2), shapes };
  },
};
