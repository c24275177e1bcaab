import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "still-blocking",
    belief: "A loop over four sends has four in flight.",
    edits: [
      [
        "await Promise.all(tensors.map((x) => (world.rank === 0 ? world.send(x, 1) : world.recv(x, 0))));",
        "for (const x of tensors) await (world.rank === 0 ? world.send(x, 1) : world.recv(x, 0));",
      ],
    ],
    message: /in windowed at world size \d, rank 0 never had more than 1 in flight/,
  },
  {
    name: "milliseconds",
    belief: "The clock gives microseconds.",
    edits: [["((now() - start) * 1000) / rounds", "(now() - start) / rounds"]],
    message: /Those are milliseconds/,
  },
  {
    name: "all-rounds-together",
    belief: "The result is the time that was measured.",
    edits: [["((now() - start) * 1000) / rounds", "(now() - start) * 1000"]],
    message: /the time of all rounds together/,
  },
  {
    name: "looks-every-round",
    belief: "Adding up the rounds' own times is more exact.",
    edits: [
      ["const start = now();", "let spent = 0;"],
      [
        "for (let sent = 0; sent < rounds; sent += window) {",
        "for (let sent = 0; sent < rounds; sent += window) {\n      const start = now();",
      ],
      ["world.recv(x, 0))));", "world.recv(x, 0))));\n      spent += now() - start;"],
      ["((now() - start) * 1000) / rounds", "(spent * 1000) / rounds"],
    ],
    message: /looked at the clock \d+ times/,
  },
  {
    name: "one-tensor-for-all",
    belief: "All messages can come into one tensor: it is never read.",
    edits: [
      [
        'Array.from({ length: window }, () => device.zeros([bytes], "u8"))',
        'Array(window).fill(device.zeros([bytes], "u8"))',
      ],
    ],
    message: /writes to a buffer that recv/,
  },
  {
    name: "one-curve",
    belief: "The difference is what matters.",
    edits: [['      { name: "windowed", y: b },\n', ""]],
    message: /the plot has the curves blocking; it should/,
  },
]);
