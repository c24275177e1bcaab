// Which algorithm is the fastest on one node, by size.
import type { Figure } from "worldsize/draw";
import { describedMachine } from "worldsize/sim";
import { curvesOf } from "./programs/curves.ts";

export const figure: Figure = {
  about: "One all_reduce on eight H100 by six algorithms: which is the fastest, by the size of the tensor.",
  draw: () =>
    curvesOf("One DGX H100, 8 ranks, on virtual time", describedMachine("dgx-h100"), [
      "ring",
      "tree",
      "doubling",
      "double-tree",
      "halving",
      "nvls",
    ]),
};
