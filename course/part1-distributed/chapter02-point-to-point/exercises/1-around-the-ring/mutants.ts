import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "order-of-arrival",
    belief: "What comes first goes to the first free place.",
    edits: [["result[(rank - step + size) % size]", "result[(rank + step) % size]"]],
    message: /in another order/,
    rightAt: [1, 2],
  },
  {
    name: "passes-on-its-own",
    belief: "In every step I send my number.",
    edits: [
      ["    outgoing = incoming;\n", ""],
      ["let outgoing", "const outgoing"],
    ],
    message: /appears too often/,
    rightAt: [1, 2],
  },
  {
    name: "one-step-too-few",
    belief: "After n - 2 steps the neighbours have told me everything.",
    edits: [["step < size; step++", "step < size - 1; step++"]],
    message: /which is no rank's number/,
    rightAt: [1],
  },
  {
    name: "one-step-too-many",
    belief: "n ranks, n steps.",
    edits: [["step < size; step++", "step <= size && size > 1; step++"]],
    message: /n - 1 steps are \d messages? from each rank/,
    rightAt: [1],
  },
  {
    name: "receives-first",
    belief: "Wait for the neighbour's number, then send.",
    edits: [
      [
        "await Promise.all([world.send(outgoing, right), world.recv(incoming, left)]);",
        "await world.recv(incoming, left);\n    await world.send(outgoing, right);",
      ],
    ],
    message: /Deadlock[\s\S]*in recv/,
    rightAt: [1],
  },
  {
    name: "f32",
    belief: "A number is a number.",
    edits: [
      ['device.tensor([value], "i32")', "device.tensor([value])"],
      ['device.zeros([1], "i32")', "device.zeros([1])"],
    ],
    message: /one number of dtype i32/,
    rightAt: [1],
  },
]);
