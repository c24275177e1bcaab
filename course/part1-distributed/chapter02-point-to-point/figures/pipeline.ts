// Four stages in ideal time: one batch, then four micro-batches.
import { type Figure, pipelineScene } from "worldsize/draw";

export const figure: Figure = {
  about: "A pipeline of four stages: one batch keeps one stage busy at a time; micro-batches let stages work at once.",
  draw: () => pipelineScene(4, 4),
};
