import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "only-members-call-split",
    belief: "Only the members of a group make it.",
    edits: [["const group = await", "if (!even) return undefined;\n  const group = await"]],
    message: /split[\s\S]*(ended|returned|finished)|(ended|returned|finished)[\s\S]*split/,
    rightAt: [1],
  },
  {
    name: "zeros-of-the-odd",
    belief: "Odd ranks can add zero; the sum is the same.",
    edits: [
      [
        '  if (!group) return undefined;\n  const sum = device.tensor([value]);\n  await group.allReduce(sum, "sum");\n',
        '  const sum = device.tensor([even ? value : 0]);\n  await world.allReduce(sum, "sum");\n  if (!group) return undefined;\n',
      ],
    ],
    message: /is odd and took part in allReduce/,
    rightAt: [1],
  },
  {
    name: "sums-over-world",
    belief: "Inside the if, world means the members.",
    edits: [["await group.allReduce", "await world.allReduce"]],
    message: /allReduce[\s\S]*(ended|returned|finished)|(ended|returned|finished)[\s\S]*allReduce/,
    rightAt: [1],
  },
  {
    name: "group-of-the-odd",
    belief: "rank % 2 is true for even ranks.",
    edits: [["world.rank % 2 === 0", "world.rank % 2 !== 0"]],
    message: /is even and returned undefined/,
  },
  {
    name: "every-color-a-group",
    belief: "Odd ranks need a color, too.",
    edits: [["even ? 0 : undefined", "even ? 0 : 1"]],
    message: /is odd and returned [\d.-]+; it should return undefined/,
    rightAt: [1],
  },
  {
    name: "whole-numbers",
    belief: "Numbers are whole.",
    edits: [["device.tensor([value])", 'device.tensor([value], "i32")']],
    message: /returned [\d-]+; the value/,
  },
]);
