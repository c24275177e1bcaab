// A machine without NVLink.
import type { Figure } from "worldsize/draw";
import { describedMachine } from "worldsize/sim";
import { mapOf } from "./programs/map.ts";

export const figure: Figure = {
  about: "Four GPUs in PCIe slots of two sockets, with a ring laid on them: four links are equally busy.",
  draw: () => mapOf(describedMachine("pcie-box")),
};
