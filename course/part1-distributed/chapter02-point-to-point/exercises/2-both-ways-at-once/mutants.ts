import { defineMutants } from "worldsize/exercise";

const all = `  await Promise.all([
    world.send(mine, right),
    world.send(mine, left),
    world.recv(fromLeft, left),
    world.recv(fromRight, right),
  ]);`;

export default defineMutants([
  {
    name: "one-side-after-the-other",
    belief: "Two exchanges in a row are as good.",
    edits: [
      [
        all,
        "  await Promise.all([world.send(mine, right), world.recv(fromLeft, left)]);\n  await Promise.all([world.send(mine, left), world.recv(fromRight, right)]);",
      ],
    ],
    message: /waited for (send|recv)[\s\S]* when only 2 of its 4 operations/,
  },
  {
    name: "one-tensor-for-both",
    belief: "Two receives can share a tensor.",
    edits: [["world.recv(fromRight, right)", "world.recv(fromLeft, right)"]],
    message: /writes to a buffer that recv/,
  },
  {
    name: "counts-itself",
    belief: "The neighbourhood includes me.",
    edits: [["return (await", "return value + (await"]],
    message: /It counts its own number, too/,
  },
  {
    name: "everything-in-a-row",
    belief: "await in front of each operation is the safe way.",
    edits: [
      [
        all,
        "  await world.send(mine, right);\n  await world.send(mine, left);\n  await world.recv(fromLeft, left);\n  await world.recv(fromRight, right);",
      ],
    ],
    message: /Deadlock/,
  },
  {
    name: "left-twice",
    belief: "What came from the left is the neighbours' number.",
    edits: [
      ["(await fromLeft.item()) + (await fromRight.item())", "(await fromLeft.item()) + (await fromLeft.item())"],
    ],
    message: /the left neighbour's number twice/,
    rightAt: [2],
  },
  {
    name: "two-ranks-once",
    belief: "With one other rank there is one neighbour.",
    edits: [
      [
        "  await Promise.all([\n",
        "  if (left === right) {\n    await Promise.all([world.send(mine, right), world.recv(fromLeft, left)]);\n    return fromLeft.item();\n  }\n  await Promise.all([\n",
      ],
    ],
    message: "On 2 ranks the other rank is both neighbours",
    rightAt: [3, 5, 8],
  },
]);
