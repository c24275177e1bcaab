// An all_reduce by halving on four ranks: rank r's tensor is 2^r everywhere, so that a sum tells whose numbers are in it.
import { defineScript } from "worldsize";
import { bandsOf, bandsScene, type Figure, sumText } from "worldsize/draw";

const CHUNKS = 4;

export default defineScript({
  about: "An all_reduce by halving.",
  ranks: 4,
  async main({ world, device }) {
    await world.allReduce(device.full([CHUNKS], 2 ** world.rank), "sum", { algorithm: "halving" });
  },
});

const labels = [
  "Round 1: ranks 2 apart exchange a half each, and add",
  "Round 2: ranks 1 apart exchange a quarter each, and add",
  "Round 3: ranks 1 apart exchange finished quarters",
  "Round 4: ranks 2 apart exchange finished halves",
];

export const figure: Figure = {
  about:
    "Halving and doubling on four ranks: two rounds in which ranks exchange a half, then a quarter, and add; two in which they copy back.",
  draw: (run) =>
    bandsScene({
      title: "Halving, then doubling, on four ranks",
      ranks: 4,
      lane: 14,
      cell: 9,
      stacked: true,
      pieces: ["c0", "c1", "c2", "c3"],
      ...bandsOf(run, {
        chunks: CHUNKS,
        label: (round) => labels[round],
        arrow: (chunks, value) => `${chunks.map((chunk) => `c${chunk}`).join(",")}: ${sumText(value)}`,
      }),
    }),
};
