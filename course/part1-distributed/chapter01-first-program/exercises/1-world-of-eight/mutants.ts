import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "ranks-from-one",
    belief: "The first rank is rank 1.",
    edits: [["rank ${world.rank} of", "rank ${world.rank + 1} of"]],
    message: /rank 0 shows "rank 1 of/,
  },
  {
    name: "only-rank-0-counts",
    belief: "Only the rank that shows the result needs to call the collective.",
    edits: [
      ['    await world.allReduce(count, "sum");\n', ""],
      [
        "if (world.rank === 0) show",
        'if (world.rank === 0) await world.allReduce(count, "sum");\n    if (world.rank === 0) show',
      ],
    ],
    message: /waits? .*allReduce|allReduce[\s\S]*(ended|returned|finished)/,
    rightAt: [1],
  },
  {
    name: "trusts-the-plan",
    belief: "world.size is how many ranks came.",
    edits: [
      ['    const count = device.ones([1]);\n    await world.allReduce(count, "sum");\n', ""],
      ["${await count.item()} ranks", "${world.size} ranks"],
    ],
    message: /calls nothing, and tells no other rank/,
    rightAt: [1],
  },
  {
    name: "everybody-announces",
    belief: "After an allReduce all ranks have the sum, so all may say it.",
    edits: [["if (world.rank === 0) show", "show"]],
    message: /Only rank 0 says/,
    rightAt: [1],
  },
  {
    name: "for-the-show",
    belief: "As long as a collective is called, it is counted.",
    edits: [["${await count.item()} ranks", "${world.size} ranks"]],
    message: /whatever the ranks contribute/,
    rightAt: [1],
  },
  {
    name: "four-by-default",
    belief: "The number of ranks is only given with -n.",
    edits: [["  ranks: 8,\n", ""]],
    message: /ranks: nothing; started without -n/,
  },
]);
