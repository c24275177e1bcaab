// Exercise 3.3's solution on three ranks: rank r's tensor is 2^r everywhere, so that a sum tells whose numbers are in it.
import { defineScript } from "worldsize";
import { bandsOf, bandsScene, type Figure, ringShapes, sumText } from "worldsize/draw";
import { ringAllReduce } from "../exercises/3-ring-all-reduce/solution.ts";

const RANKS = 3;

export default defineScript({
  about: "A ring all_reduce of nine elements.",
  ranks: RANKS,
  async main({ world, device }) {
    await ringAllReduce(world, device, device.full([9], 2 ** world.rank));
  },
});

export const figure: Figure = {
  about:
    "A ring all_reduce on three ranks: in each step every rank sends one chunk to its right; two steps add, two copy.",
  draw: (run) =>
    bandsScene({
      title: "Ring all_reduce on three ranks",
      ranks: RANKS,
      lane: 19,
      cell: 5,
      pieces: ["chunk 0", "1", "2"],
      ...bandsOf(run, {
        chunks: RANKS,
        label: (step) => `Step ${step + 1}: ${step < RANKS - 1 ? "add" : "copy"} what arrives`,
        arrow: ([chunk], value) => `chunk ${chunk}: ${sumText(value)}`,
      }),
      top: ringShapes(RANKS, 57),
    }),
};
