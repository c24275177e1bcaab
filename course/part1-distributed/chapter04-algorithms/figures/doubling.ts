// An all_reduce by doubling on four ranks: rank r's tensor is 2^r everywhere, so that a sum tells whose numbers are in it.
import { defineScript } from "worldsize";
import { bandsOf, bandsScene, type Figure } from "worldsize/draw";

const CHUNKS = 1;

export default defineScript({
  about: "An all_reduce by doubling.",
  ranks: 4,
  async main({ world, device }) {
    await world.allReduce(device.full([CHUNKS], 2 ** world.rank), "sum", { algorithm: "doubling" });
  },
});

export const figure: Figure = {
  about: "Recursive doubling on four ranks: in each of two rounds, pairs exchange whole tensors and add.",
  draw: (run) =>
    bandsScene({
      title: "Recursive doubling on four ranks",
      ranks: 4,
      lane: 14,
      cell: 9,
      ...bandsOf(run, {
        chunks: CHUNKS,
        label: (round) => `Round ${round + 1}: ranks ${2 ** round} apart exchange everything, and add`,
      }),
    }),
};
