// 1F1B and ZB-H1 on four ranks, six micro-batches: backward taken apart, and its half for the weights where ranks were idle.
import type { Figure, Shape } from "worldsize/draw";
import { oneForwardOneBackward, type Schedule, timeOf, zeroBubbleH1 } from "worldsize/parallel";
import { LEFT, panelOf } from "../lib/schedule-shapes.ts";

const shape = { ranks: 4, microBatches: 6 };
/** Columns of a unit of time. */
const UNIT = 2;

export const figure: Figure = {
  about:
    "1F1B takes 27 units of time on four ranks. ZB-H1 takes 21: backward is two halves, and that for the weights fills time in which ranks were idle.",
  draw() {
    const shapes: Shape[] = [];
    const panel = (name: string, schedule: Schedule, top: number): number => {
      const timing = timeOf(schedule);
      const title = `${name}: ${timing.makespan} units of time, ${Math.round(100 * timing.bubble)} % idle`;
      const drawn = panelOf(timing, top, { title, unit: UNIT });
      shapes.push(...drawn.shapes);
      return drawn.next + 1;
    };
    const second = panel("1F1B", oneForwardOneBackward(shape), 0);
    const foot = panel("ZB-H1", zeroBubbleH1(shape), second);
    const texts = [
      "thin: forward; thick: backward, below its half for inputs;",
      "grey: its half for the weights; dashed: idle",
    ];
    texts.forEach((text, i) => {
      shapes.push({ kind: "text", x: LEFT, y: foot + i, text, style: "small", ink: "soft" });
    });
    return { title: "Weights fill the holes", about: "", width: LEFT + 27 * UNIT + 2, height: foot + 2, shapes };
  },
};
