// Exercise 2.4's solution on three ranks: each rank's tensor is its left halo, its left and right edge, its right halo.
import { defineScript } from "worldsize";
import { bandsOf, bandsScene, type Figure, letterOf } from "worldsize/draw";
import { exchange } from "../exercises/4-repair-a-deadlock/solution.ts";

const LEFT = 100;
const RIGHT = 200;

export default defineScript({
  about: "Three ranks in a ring exchange the edges of what they hold.",
  ranks: 3,
  async main({ world, device }) {
    const own = device.tensor([0, LEFT + world.rank, RIGHT + world.rank, 0]);
    const piece = (i: number) => own.slice(0, i, i + 1);
    await exchange(world, { left: piece(1), right: piece(2) }, { left: piece(0), right: piece(3) });
  },
});

/** `aL`, `aR`: an edge by its value. */
function edge(value: number): { text: string; ink?: number } {
  if (value === 0) return { text: "" };
  const rank = value % LEFT;
  return { text: `${letterOf(rank)}${value < RIGHT ? "L" : "R"}`, ink: rank };
}

export const figure: Figure = {
  about: "Three ranks exchange their edges with both neighbours: six messages, all in flight at once.",
  draw: (run) =>
    bandsScene({
      title: "Everything in flight at once: no order, no deadlock",
      ranks: 3,
      lane: 19,
      cell: 3,
      pieces: ["halo", "L", "R", "halo"],
      ...bandsOf(run, {
        chunks: 4,
        atOnce: true,
        label: () => "One round: two sends and two receives per rank in flight",
        arrow: (_, value) => edge(value).text,
        piece: edge,
      }),
    }),
};
