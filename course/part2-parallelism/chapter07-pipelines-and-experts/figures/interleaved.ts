// Three micro-batches on three ranks, with one stage on each and with two: the staircase has shorter steps.
import type { Figure, Shape } from "worldsize/draw";
import { type Durations, interleaved, oneForwardOneBackward, type Schedule, timeOf } from "worldsize/parallel";
import { LEFT, panelOf } from "../lib/schedule-shapes.ts";

const shape = { ranks: 3, microBatches: 3 };
/** Columns of a unit of time: half a rank's layers take one forward. */
const UNIT = 2;

export const figure: Figure = {
  about:
    "Three micro-batches on three ranks: with one stage on each rank it takes 20 units of time, with two stages on each, half as long, 16.",
  draw() {
    const shapes: Shape[] = [];
    const panel = (name: string, schedule: Schedule, lengths: Durations, top: number): number => {
      const timing = timeOf(schedule, lengths);
      const title = `${name}: ${timing.makespan} units of time, ${Math.round(100 * timing.bubble)} % idle`;
      const drawn = panelOf(timing, top, { title, unit: UNIT });
      shapes.push(...drawn.shapes);
      return drawn.next + 1;
    };
    const second = panel("One stage on each rank", oneForwardOneBackward(shape), { F: 2, I: 1, W: 1 }, 0);
    const foot = panel(
      "Two stages on each rank",
      interleaved({ ...shape, chunks: 2 }),
      { F: 1, I: 0.5, W: 0.5 },
      second,
    );
    const text = "b, 4: rank b, stage 4; dashed: the rank is idle";
    shapes.push({ kind: "text", x: LEFT, y: foot, text, style: "small", ink: "soft" });
    return { title: "More stages, shorter steps", about: "", width: LEFT + 20 * UNIT + 14, height: foot + 1, shapes };
  },
};
