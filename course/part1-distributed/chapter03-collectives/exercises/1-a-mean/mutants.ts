import { defineMutants } from "worldsize/exercise";

const reduces = 'await world.allReduce(total, "sum");';

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
    message: /it counts every rank alike/,
    rightAt: [1],
  },
  {
    name: "own-count",
    belief: "Every rank holds as much as I do.",
    edits: [["return all / count;", "return all / (x.size * world.size);"]],
    message: /divides by this rank's count/,
    rightAt: [1],
  },
  {
    name: "divides-by-ranks",
    belief: "A mean over ranks divides by the ranks.",
    edits: [["return all / count;", "return all / world.size;"]],
    message: (world) => (world === 1 ? /returned 4007.75; it should be 1001.9375/ : /divides by the number of ranks/),
  },
  {
    name: "whole-numbers",
    belief: "Sums and counts are whole numbers.",
    edits: [["device.tensor([sum, x.size])", 'device.tensor([sum, x.size], "i32")']],
    message: /Fractions were lost/,
  },
  {
    name: "divides-x",
    belief: "x is mine to work with.",
    edits: [
      ["const sum = ", "const own = x.sum();\n  const sum = "],
      [reduces, `${reduces}\n  x.div_(await own.item());`],
    ],
    message: /on rank 0 of \d, x\[0\] was 1 and is .* x is the caller's/,
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
