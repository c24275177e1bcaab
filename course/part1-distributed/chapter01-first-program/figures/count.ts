// Exercise 1.1's solution on four ranks: each contributes a 1.
import { bandsOf, bandsScene, type Figure } from "worldsize/draw";

export { default } from "../exercises/1-world-of-eight/solution.ts";

export const figure: Figure = {
  about: "Four ranks count themselves: in two rounds, 1 becomes 2 and then 4 on every rank.",
  ranks: 4,
  draw: (run) =>
    bandsScene({
      title: "Four ranks count themselves",
      ranks: 4,
      lane: 14,
      cell: 5,
      ...bandsOf(run, {
        label: (round) => `Round ${round + 1}: ranks ${round + 1} apart exchange what they have, and add`,
        arrow: (_, value) => `${value}`,
        piece: (value) => ({ text: `${value}`, ink: "ink" }),
      }),
    }),
};
