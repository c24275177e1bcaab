// The machine of the chapter.
import type { Figure } from "worldsize/draw";
import { describedMachine } from "worldsize/sim";
import { mapOf } from "./programs/map.ts";

export const figure: Figure = {
  about: "A DGX H100 with a ring laid on it: all eight GPUs' links to the NVSwitch are equally busy.",
  draw: () => mapOf(describedMachine("dgx-h100")),
};
