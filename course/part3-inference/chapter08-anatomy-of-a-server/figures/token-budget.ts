// Steps of a budget of eight tokens, as the engine filled them: first a token for each that decodes, then as much of a prompt as fits.
import { defineScript } from "worldsize";
import type { Figure, Shape } from "worldsize/draw";
import { type Asked, notedSteps, type Part } from "../lib/noted-steps.ts";

const BUDGET = 8;
const asked: readonly Asked[] = [
  { name: "A", prompt: 2, output: 8 },
  { name: "B", prompt: 3, output: 8 },
  { name: "C", prompt: 13, output: 3, before: 2 },
  { name: "D", prompt: 4, output: 3, before: 3 },
];

export default defineScript({
  about: "Steps of eight tokens, while a long prompt comes in.",
  ranks: 1,
  async main({ show }) {
    show.line(JSON.stringify(await notedSteps(asked, { maxTokens: BUDGET, maxSequences: 8 })));
  },
});

const LEFT = 9;
const COLUMN = 6;

export const figure: Figure = {
  about:
    "Steps of at most 8 tokens. A and B decode, a token each; from step 3 on the prompt of C, 13 tokens, takes the 6 that are left, then 6, then 1; D, which came before step 4, waits until step 5, where its prompt fits behind C's last token.",
  draw({ shown }) {
    const [line] = shown[0].flatMap((each) => (each.kind === "line" ? [each.text] : []));
    const steps = (JSON.parse(line) as Part[][]).slice(0, 8);
    const shapes: Shape[] = [];
    const inkOf = (name: string): number => asked.findIndex((each) => each.name === name);
    for (const [i, parts] of steps.entries()) {
      const x = LEFT + i * COLUMN;
      let used = 0;
      for (const part of parts)
        for (let token = 0; token < part.tokens; token++, used++)
          shapes.push({ kind: "cells", x, y: 2 * (BUDGET - used - 1) + 1, width: COLUMN - 2, cells: [{ text: part.name, ink: inkOf(part.name), strong: part.isPrefill }] }); // biome-ignore format: one cell
      for (; used < BUDGET; used++)
        shapes.push({ kind: "cells", x, y: 2 * (BUDGET - used - 1) + 1, width: COLUMN - 2, cells: [{ text: "", ink: "line" }] }); // biome-ignore format: one cell
      shapes.push({ kind: "text", x: x + COLUMN / 2 - 0.5, y: 2 * BUDGET + 1, text: `${i + 1}`, anchor: "middle", style: "small" }); // biome-ignore format: one text
    }
    shapes.push({ kind: "text", x: 0, y: 1, text: "8 tokens", style: "small", ink: "soft" });
    shapes.push({ kind: "text", x: 0, y: 2 * BUDGET - 1, text: "1 token", style: "small", ink: "soft" });
    shapes.push({ kind: "text", x: 0, y: 2 * BUDGET + 1, text: "step", style: "small" });
    const text = "thin: decode; thick: prompt; empty: not used";
    shapes.push({ kind: "text", x: LEFT, y: 2 * BUDGET + 2, text, style: "small", ink: "soft" });
    const came = "C comes before step 3, D before step 4";
    shapes.push({ kind: "text", x: LEFT, y: 2 * BUDGET + 3, text: came, style: "small", ink: "soft" });
    return {
      title: "A step's budget: decodes first, then a chunk of a prompt",
      about: "",
      width: LEFT + steps.length * COLUMN,
      height: 2 * BUDGET + 4,
      shapes,
    };
  },
};
