// Exercise 4.4's solution on eight ranks: rank 0's tensor is a, the others' are empty.
import { defineScript } from "worldsize";
import { bandsOf, bandsScene, type Figure, moved, roundsOf, treeShapes } from "worldsize/draw";
import { treeBroadcast } from "../exercises/4-write-the-tree/solution.ts";

const RANKS = 8;

export default defineScript({
  about: "A broadcast of one element.",
  ranks: RANKS,
  async main({ world, device }) {
    await treeBroadcast(world, device.full([1], world.rank === 0 ? 1 : 0), 0);
  },
});

export const figure: Figure = {
  about:
    "A broadcast to eight ranks along a tree: one message in the first round, two in the second, four in the third.",
  draw(run) {
    const messages = roundsOf(run.traffic).rounds.flatMap((round, i) =>
      round.map((message) => ({ ...message, round: i + 1 })),
    );
    const tree = treeShapes({
      root: 0,
      childrenOf: (rank) => messages.filter(({ from }) => from === rank).map(({ to }) => to),
      label: (rank) => `round ${messages.find(({ to }) => to === rank)?.round}`,
    });
    const width = 7 * RANKS;
    const { before, bands } = bandsOf(run, {
      label: (round, { length }) => `Round ${round + 1}: ${length} ${length === 1 ? "message" : "messages"}`,
    });
    return bandsScene({
      title: "A broadcast to eight ranks in three rounds",
      ranks: RANKS,
      lane: 7,
      cell: 3,
      before,
      bands,
      top: { height: tree.height + 1, shapes: moved(tree.shapes, (width - tree.width) >> 1, 0) },
    });
  },
};
