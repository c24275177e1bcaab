// Four requests in two slots, as the engine ran them: a batch that is run to its end, and one that changes with every step.
import { defineScript } from "worldsize";
import type { Figure, Shape } from "worldsize/draw";
import { type Asked, notedSteps, type Part } from "../lib/noted-steps.ts";

const asked: readonly Asked[] = [
  { name: "A", prompt: 3, output: 2 },
  { name: "B", prompt: 2, output: 6 },
  { name: "C", prompt: 4, output: 3 },
  { name: "D", prompt: 1, output: 2 },
];
const limits = { maxTokens: 64, maxSequences: 2 };

export default defineScript({
  about: "Steps of four requests in two slots, static and continuous.",
  ranks: 1,
  async main({ show }) {
    for (const isStatic of [true, false]) show.line(JSON.stringify(await notedSteps(asked, limits, isStatic)));
  },
});

const LEFT = 8;
const CELL = 6;

/** A row for each slot: whoever is in it stays until it has ended. */
function slotsOf(steps: readonly (readonly Part[])[]): (Part | undefined)[][] {
  const slots: (Part | undefined)[][] = Array.from({ length: limits.maxSequences }, () => []);
  const owner: (string | undefined)[] = slots.map(() => undefined);
  for (const parts of steps) {
    for (const [slot, name] of owner.entries()) if (!parts.some((part) => part.name === name)) owner[slot] = undefined;
    for (const { name } of parts) if (!owner.includes(name)) owner[owner.indexOf(undefined)] = name;
    for (const [slot, name] of owner.entries()) slots[slot].push(parts.find((part) => part.name === name));
  }
  return slots;
}

export const figure: Figure = {
  about:
    "Four requests in two slots. Static batching takes 9 steps: A ends after two and its slot is empty until B has ended. Continuous batching takes 7: C has A's slot from step 3 on, D follows.",
  draw({ shown }) {
    const runs = shown[0].flatMap((each) => (each.kind === "line" ? [JSON.parse(each.text) as Part[][]] : []));
    const shapes: Shape[] = [];
    const panel = (title: string, steps: readonly (readonly Part[])[], top: number): void => {
      shapes.push({ kind: "text", x: 0, y: top, text: `${title}: ${steps.length} steps`, style: "bold" });
      shapes.push({ kind: "text", x: 0, y: top + 1, text: "step", style: "small", ink: "soft" });
      for (let step = 0; step < steps.length; step++)
        shapes.push({ kind: "text", x: LEFT + step * CELL + CELL / 2, y: top + 1, text: `${step + 1}`, anchor: "middle", style: "small", ink: "soft" }); // biome-ignore format: one text
      for (const [slot, parts] of slotsOf(steps).entries()) {
        const y = top + 2 + 2 * slot;
        shapes.push({ kind: "text", x: 0, y, text: `slot ${slot}` });
        for (const [step, part] of parts.entries()) {
          const ink = part ? asked.findIndex(({ name }) => name === part.name) : "line";
          const text = part ? `${part.name}${part.isPrefill ? ` ${part.tokens}` : ""}` : "";
          shapes.push({ kind: "cells", x: LEFT + step * CELL, y, width: CELL - 1, cells: [{ text, ink, strong: part?.isPrefill }] }); // biome-ignore format: one cell
        }
      }
    };
    panel("Static batching", runs[0], 0);
    panel("Continuous batching", runs[1], 7);
    const text = "thick: a prompt of so many tokens; thin: one token";
    shapes.push({ kind: "text", x: 0, y: 13, text, style: "small", ink: "soft" });
    return { title: "The same four requests in two slots", about: "", width: LEFT + 9 * CELL, height: 14, shapes };
  },
};
