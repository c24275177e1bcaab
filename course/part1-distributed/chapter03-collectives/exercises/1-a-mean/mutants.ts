import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "mean-of-means",
    belief: "Means can be averaged.",
    edits: [
      [
        "const total = device.tensor([sum, x.size]);",
        "const total = device.tensor([x.size > 0 ? sum / x.size : 0, x.size > 0 ? 1 : 0]);",
      ],
    ],
    message: /counts every rank alike/,
    rightAt: [1, 2],
  },
  {
    name: "own-count",
    belief: "Everybody holds as much as I do.",
    edits: [["return all / count;", "return all / (x.size * world.size);"]],
    message: /It divides by this rank's count/,
    rightAt: [1],
  },
  {
    name: "divides-by-ranks",
    belief: "A mean over ranks divides by the ranks.",
    edits: [["return all / count;", "return all / world.size;"]],
    message: /It divides by the number of ranks/,
  },
  {
    name: "keeps-its-own",
    belief: "Only rank 0 needs to know.",
    edits: [['await world.allReduce(total, "sum");', 'await world.reduce(total, 0, "sum");']],
    message: /rank 1 returned/,
    rightAt: [1],
  },
  {
    name: "gathers-the-data",
    belief: "First bring everything together.",
    edits: [
      [
        "  const total =",
        "  const lengths = await world.allGatherObject(x.size);\n  await world.allGather(\n    lengths.map((length) => device.zeros([length])),\n    x,\n  );\n  const total =",
      ],
    ],
    message: /the numbers can stay where they are/,
    rightAt: [1],
  },
]);
