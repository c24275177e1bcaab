import { defineMutants } from "worldsize/exercise";

const phase1 = "await Promise.all([world.send(mine, right), world.recv(incoming, left)]);";

export default defineMutants([
  {
    name: "copies-instead-of-adding",
    belief: "Receiving into the chunk is the reduction.",
    edits: [["sum.add_(incoming);", "sum.copy_(incoming);"]],
    message: /number alone\. The number of messages is right/,
    rightAt: [1],
  },
  {
    name: "one-step-too-few",
    belief: "A chunk is complete when it has visited all but the last rank.",
    edits: [
      [
        "// Phase 1: chunk c travels from rank c to rank c - 1 and collects every rank's numbers.\n  for (let step = 0; step < size - 1; step++)",
        "for (let step = 0; step < size - 2; step++)",
      ],
    ],
    message: /too few/,
    rightAt: [1],
  },
  {
    name: "one-step-too-many",
    belief: "n ranks, so n steps.",
    edits: [
      [
        "// Phase 1: chunk c travels from rank c to rank c - 1 and collects every rank's numbers.\n  for (let step = 0; step < size - 1; step++)",
        "for (let step = 0; size > 1 && step < size; step++)",
      ],
    ],
    message: (world) => `in ${2 * world - 1} messages`,
    rightAt: [1],
  },
  {
    name: "leaves-the-rest",
    belief: "The length is divisible by the world size.",
    edits: [["Math.floor((x.size * c) / size)", "Math.floor(x.size / size) * c"]],
    message: /Only the elements that are left over/,
    rightAt: [1],
  },
  {
    name: "whole-tensor-each-step",
    belief: "Passing the whole tensor around costs the same.",
    edits: [
      ["const mine = chunk(rank - step);", "const mine = passing;"],
      ["const sum = chunk(rank - step - 1);", "const sum = x;"],
      ["incoming.dispose();", "passing = incoming;"],
      [
        "// Phase 1: chunk c travels from rank c to rank c - 1 and collects every rank's numbers.",
        "let passing = x.clone();",
      ],
      [
        "// Phase 2: rank r holds chunk r + 1 complete and passes it on; it overwrites what is there.",
        "for (let step = 0; step < size - 1; step++) {\n    await Promise.all([world.send(chunk(rank + 1 - step), right), world.recv(chunk(rank - step), left)]);\n  }",
      ],
    ],
    message: (world) => new RegExp(`(in|sent) ${3 * (world - 1)} messages`),
    rightAt: [1],
  },
  {
    name: "send-then-receive",
    belief: "A send returns at once.",
    edits: [[phase1, "await world.send(mine, right);\n    await world.recv(incoming, left);"]],
    message: /waits for/,
    rightAt: [1],
  },
]);
