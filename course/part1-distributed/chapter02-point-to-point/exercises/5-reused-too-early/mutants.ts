import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "one-at-a-time",
    belief: "Awaiting every send is the cure.",
    edits: [["works[i % 2] = world.send(buffer, 1);", "await world.send(buffer, 1);"]],
    message: /never had more than 1 send in flight/,
  },
  {
    name: "a-tensor-for-each",
    belief: "New memory for every value cannot be overwritten.",
    edits: [
      ["const buffer = buffers[i % 2];\n      await", "const buffer = device.zeros([1]);\n      await"],
      ["const buffers = [device.zeros([1]), device.zeros([1])];\n", ""],
    ],
    message: /rank 0 made \d+ tensors/,
  },
  {
    name: "awaits-too-late",
    belief: "The buffer is awaited before it is sent: that is before it is used.",
    edits: [
      [
        "      await works[i % 2];\n      buffer.fill_(value);",
        "      buffer.fill_(value);\n      await works[i % 2];",
      ],
    ],
    message: /writes to a buffer that send/,
  },
  {
    name: "forgets-the-last",
    belief: "The loop has awaited everything.",
    edits: [["    await Promise.all(works);\n", ""]],
    message: /ended without waiting for send|neither awaited/,
  },
  {
    name: "all-in-one-wait",
    belief: "One await for all, after the loop, in a tensor for each.",
    edits: [
      ["      await works[i % 2];\n", ""],
      ["works[i % 2] = world.send", "works[i] = world.send"],
      [
        "const buffers = [device.zeros([1]), device.zeros([1])];",
        "const buffers = values.map(() => device.zeros([1]));",
      ],
      ["buffers[i % 2];", "buffers[i];"],
    ],
    message: /had \d sends in flight at a time; with two buffers/,
  },
  {
    name: "i32",
    belief: "Values are numbers, and numbers are i32.",
    edits: [
      [
        "const buffers = [device.zeros([1]), device.zeros([1])];",
        'const buffers = [device.zeros([1], "i32"), device.zeros([1], "i32")];',
      ],
      ["const buffer = device.zeros([1]);", 'const buffer = device.zeros([1], "i32");'],
    ],
    message: /each message should be one f32/,
  },
]);
