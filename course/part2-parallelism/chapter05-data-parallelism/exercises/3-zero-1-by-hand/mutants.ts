import { defineMutants } from "worldsize/exercise";

const scattered = "await world.reduceScatter(own, pieces(gradient));";
const cut = "const k = Math.ceil(rows / world.size);";

export default defineMutants([
  {
    name: "all-reduces-first",
    belief: "Gradients are summed as in DDP; only the state is shared out.",
    edits: [
      [
        scattered,
        "const sum = gradient.clone();\n  await world.allReduce(sum);\n  own.copy_(pieces(sum)[world.rank]);",
      ],
    ],
    message: /called allReduce/,
  },
  {
    name: "state-of-all-rows",
    belief: "The state has the shape of the parameter.",
    edits: [
      [
        "const v = velocity ? velocity.mul(0.9).add(own) : own;",
        "const all = velocity ? velocity.mul(0.9) : device.zeros([rows, columns]);\n  const v = pieces(all)[world.rank];\n  v.add_(own);",
      ],
      ["return v;", "return all;"],
    ],
    message: /That is the state of all rows/,
    rightAt: [1],
  },
  {
    name: "leaves-the-rest",
    belief: "The number of rows is divisible by the number of ranks.",
    edits: [[cut, "const k = Math.floor(rows / world.size);"]],
    message: /rows would be nobody's/,
    rightAt: [1],
  },
  {
    name: "averages",
    belief: "DDP averages gradients.",
    edits: [[scattered, 'await world.reduceScatter(own, pieces(gradient), "mean");']],
    message: /Gradients were averaged/,
    rightAt: [1],
  },
  {
    name: "forgets-the-state",
    belief: "The step needs the gradient of this step only.",
    edits: [["const v = velocity ? velocity.mul(0.9).add(own) : own;", "const v = own;"]],
    message: /The momentum is missing/,
  },
  {
    name: "keeps-its-rows",
    belief: "Each rank moves its rows, and so all rows are moved.",
    edits: [["  await world.allGather(pieces(w), moved);\n", "  pieces(w)[world.rank].copy_(moved);\n"]],
    message: /the rows that others have moved are missing/,
    rightAt: [1],
  },
]);
