// What two kinds of wires change.
import type { Figure } from "worldsize/draw";
import { describedMachine } from "worldsize/sim";
import { curvesOf } from "./programs/curves.ts";

export const figure: Figure = {
  about:
    "One all_reduce on two nodes of eight H100: the hierarchy uses all network cards, and wins from small sizes on.",
  draw: () =>
    curvesOf("Two DGX H100, 16 ranks, on virtual time", describedMachine("dgx-h100", 2), [
      "ring",
      "doubling",
      "double-tree",
      "hierarchical",
    ]),
};
