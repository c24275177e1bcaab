import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "own-rank",
    belief: "Whoever computes the result is where it is.",
    edits: [["return { value, rank, index", "return { value, rank: world.rank, index"]],
    message: /It names itself/,
    rightAt: [1],
  },
  {
    name: "reduce-to-rank-0",
    belief: "After a reduce every rank has the result.",
    edits: [['await world.allReduce(top, "max");', 'await world.reduce(top, 0, "max");']],
    message: /it must learn of the others'|Rank \d does not hold it/,
    rightAt: [1],
  },
  {
    name: "highest-rank-wins",
    belief: "A maximum of ranks is as good as a minimum.",
    edits: [
      ["? world.rank : world.size]", "? world.rank : -1]"],
      ['await world.allReduce(offer, "min");', 'await world.allReduce(offer, "max");'],
    ],
    message: "Of ranks that tie, the lowest wins.",
    rightAt: [1],
  },
  {
    name: "own-index",
    belief: "Every rank's index is the winner's index.",
    edits: [["  await world.broadcast(place, rank);\n", ""]],
    message: /-1 is what indexOf says then/,
    rightAt: [1],
  },
  {
    name: "starts-at-zero",
    belief: "Zero is smaller than any number.",
    edits: [["const top = x.max();", "const top = device.tensor([Math.max(0, ...numbers)]);"]],
    message: /No rank holds 0: what does the search start with|called world.broadcast with rank/,
  },
  {
    name: "gathers-everything",
    belief: "Bring all numbers together first; the rest is easy.",
    edits: [
      [
        "  const top = x.max();",
        "  const lengths = await world.allGatherObject(numbers.length);\n  await world.allGather(\n    lengths.map((length) => device.zeros([length])),\n    x,\n  );\n  const top = x.max();",
      ],
    ],
    message: /The numbers can stay where they are/,
    rightAt: [1],
  },
]);
