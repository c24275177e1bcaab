// How often each of eight experts was chosen in the last steps of two short runs: with nothing that balances them, and with the
// auxiliary loss. The program is the chapter's moe-balance.
import type { Figure, Recorded, Shape } from "worldsize/draw";
import script from "../scripts/moe-balance.ts";

export default script;

const WAYS = ["nothing", "auxiliary"] as const;
const EXPERTS = 8;
/** Percent of all choices that a cell stands for. */
const CELL = 5;

/** Percents of the last range of a way, by expert, as rank 0 showed them. */
function percentsOf({ shown }: Recorded): number[] {
  const lines = shown[0].flatMap((each) => (each.kind === "line" ? each.text.split("\n") : []));
  const last = lines.filter((line) => line.startsWith("  steps")).at(-1) ?? "";
  return [...last.replace(/^ *steps \d+ to \d+/, "").matchAll(/\d+/g)].map(([text]) => Number(text));
}

export const figure: Figure = {
  about:
    "Shares of choices of eight experts after a short training: with nothing that balances them one expert has most of the tokens, with the auxiliary loss all have some.",
  ranks: 1,
  settings: WAYS.map((ways) => ({ options: { ways, steps: 32, ranges: 4, stories: 4, experts: EXPERTS } })),
  draw(...runs) {
    const shapes: Shape[] = [];
    const balanced = 100 / EXPERTS / CELL;
    for (const [i, run] of runs.entries()) {
      const x = 38 * i;
      const percents = percentsOf(run);
      const title = i === 0 ? "With nothing" : "With the auxiliary loss";
      shapes.push({ kind: "text", x, y: 0, text: title, style: "bold" });
      shapes.push({ kind: "line", points: [[x + 4 + balanced, 1], [x + 4 + balanced, 2 + EXPERTS]], ink: "line", dashed: true }); // biome-ignore format: one line
      for (const [e, percent] of percents.entries()) {
        const length = Math.round(percent / CELL);
        shapes.push({ kind: "text", x, y: 2 + e, text: `e${e}`, ink: "soft" });
        if (length > 0)
          shapes.push({ kind: "line", points: [[x + 4, 2 + e], [x + 4 + length, 2 + e]], ink: e, thick: 10 }); // biome-ignore format: one line
        const mark = percent < 3 ? "idle" : `about ${CELL * length} %`;
        shapes.push({ kind: "text", x: x + 5 + length, y: 2 + e, text: mark, style: "small", ink: percent < 3 ? "bad" : "soft", back: "page" }); // biome-ignore format: one text
      }
    }
    shapes.push({ kind: "text", x: 0, y: 3 + EXPERTS, text: "dashed: 12.5 % each, balanced; steps 25 to 32 of a run on one rank", style: "small", ink: "soft" }); // biome-ignore format: one text
    return { title: "Shares of choices of eight experts", about: "", width: 63, height: 4 + EXPERTS, shapes };
  },
};
