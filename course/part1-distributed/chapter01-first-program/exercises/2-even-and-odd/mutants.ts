import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "everybody-has-a-partner",
    belief: "There is always a rank above an even one.",
    edits: [["if (rank + 1 < size) await", "await"]],
    message: /world\.send with rank \d+, but world has ranks/,
    rightAt: [2, 8],
  },
  {
    name: "wraps-around",
    belief: "The rank above the last one is rank 0.",
    edits: [["if (rank + 1 < size) await world.send(square, rank + 1)", "await world.send(square, (rank + 1) % size)"]],
    message: /with its own rank|waits for rank 0|rank 0 .*(ended|returned|finished)/,
    rightAt: [2, 8],
  },
  {
    name: "roles-exchanged",
    belief: "Odd ranks are the ones that send.",
    edits: [["rank % 2 === 1", "rank % 2 === 0 && rank > 0"]],
    message: /odd, returned|even, returned|waits for/,
    rightAt: [1],
  },
  {
    name: "forgets-its-own",
    belief: "What came is the result.",
    edits: [["return (await received.item()) + rank;", "return await received.item();"]],
    message: /odd, returned \d+; it should return/,
    rightAt: [1],
  },
  {
    name: "no-message",
    belief: "The odd rank can work out what the even one would send.",
    edits: [
      [
        "    await world.recv(received, rank - 1);\n    return (await received.item()) + rank;",
        "    received.fill_((rank - 1) ** 2);\n    return (await received.item()) + rank;",
      ],
      ["if (rank + 1 < size) await world.send(square, rank + 1);\n", "square.dispose();\n"],
    ],
    message: /sent 0 messages\. It should send one/,
    rightAt: [1],
  },
  {
    name: "floats",
    belief: "A number is a number: a tensor is i32 if its elements are whole.",
    edits: [
      ['device.zeros([1], "i32")', "device.zeros([1])"],
      ['device.tensor([rank * rank], "i32")', "device.tensor([rank * rank])"],
    ],
    message: /sent its number as f32/,
    rightAt: [1],
  },
]);
