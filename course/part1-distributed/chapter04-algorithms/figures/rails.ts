// Two DGX H100, and how GPU 3 of one reaches GPU 3 of the other.
import { type Figure, railsScene } from "worldsize/draw";
import { describedMachine } from "worldsize/sim";

export const figure: Figure = {
  about: "Rails: GPU 3 reaches GPU 3 of the next node over its own network card, in nobody's way.",
  draw: () => railsScene(describedMachine("dgx-h100", 2), 3),
};
