// GPipe and 1F1B on four ranks, six micro-batches: as long as each other; what rank a keeps stands below each.
import type { Figure, Shape } from "worldsize/draw";
import { gpipe, oneForwardOneBackward, type Schedule, timeOf } from "worldsize/parallel";
import { keptAt, LEFT, panelOf } from "../lib/schedule-shapes.ts";

const shape = { ranks: 4, microBatches: 6 };
/** Columns of a unit of time. */
const UNIT = 2;

export const figure: Figure = {
  about:
    "GPipe and 1F1B with four ranks and six micro-batches take 27 units of time each. GPipe keeps 6 micro-batches on every rank, 1F1B 4, 3, 2 and 1.",
  draw() {
    const shapes: Shape[] = [];
    const panel = (name: string, schedule: Schedule, top: number): number => {
      const timing = timeOf(schedule);
      const { makespan, bubble, peaks, actions } = timing;
      const idle = `${Math.round(100 * bubble)} % idle`;
      const title = `${name}: ${makespan} units of time, ${idle}`;
      const drawn = panelOf(timing, top, { title, unit: UNIT, behind: (rank) => `${peaks[rank]}` });
      const right = LEFT + makespan * UNIT + 2;
      shapes.push(...drawn.shapes);
      shapes.push({ kind: "text", x: right - 1, y: top, text: "keeps", anchor: "end", style: "bold" });
      shapes.push({ kind: "text", x: 0, y: drawn.next, text: "a keeps", style: "small", ink: 0 });
      for (let time = 0; time < makespan; time++) {
        const kept = keptAt(actions, 0, time);
        const isMost = kept === peaks[0];
        shapes.push({ kind: "text", x: LEFT + time * UNIT + 0.5, y: drawn.next, text: `${kept}`, anchor: "middle", style: isMost ? "bold" : "small", ink: isMost ? 0 : "soft" }); // biome-ignore format: one text
      }
      return drawn.next + 2;
    };
    const second = panel("GPipe", gpipe(shape), 0);
    const foot = panel("1F1B", oneForwardOneBackward(shape), second);
    const text = "thin: forward; thick: backward; dashed: idle";
    shapes.push({ kind: "text", x: LEFT, y: foot, text, style: "small", ink: "soft" });
    return {
      title: "The same bubble, fewer activations",
      about: "",
      width: LEFT + 27 * UNIT + 2,
      height: foot + 1,
      shapes,
    };
  },
};
