import { defineMutants } from "worldsize/exercise";

const sends =
  "  for (bit /= 2; bit >= 1; bit /= 2) {\n    if (v + bit < size) await world.send(x, (v + bit + root) % size);\n  }";

export default defineMutants([
  {
    name: "root-zero-only",
    belief: "The root is rank 0.",
    edits: [
      ["(rank - root + size) % size", "rank"],
      ["(v - bit + root) % size", "v - bit"],
      ["(v + bit + root) % size", "v + bit"],
    ],
    message: /it should have the root's/,
    rightAt: [1],
  },
  {
    name: "leaf-first",
    belief: "The order of children does not matter.",
    edits: [["for (bit /= 2; bit >= 1; bit /= 2) {", "const top = bit;\n  for (bit = 1; bit < top; bit *= 2) {"]],
    message: /Which child is served first/,
    rightAt: [1, 2, 3, 5],
  },
  {
    name: "chain",
    belief: "Every rank passes it on to the next: none sends more than once.",
    edits: [
      ["(v - bit + root) % size", "(v - 1 + root) % size"],
      [sends, "  if (v + 1 < size) await world.send(x, (v + 1 + root) % size);"],
    ],
    message: /that is a chain/,
    rightAt: [1, 2, 3],
  },
  {
    name: "star",
    belief: "The root has it, so the root sends it.",
    edits: [
      ["(v - bit + root) % size", "root"],
      [sends, "  if (v === 0) for (let to = 1; to < size; to++) await world.send(x, (to + root) % size);"],
    ],
    message: /messages one after the other/,
    rightAt: [1, 2, 3],
  },
  {
    name: "power-of-two-only",
    belief: "There is a rank v + bit for every bit.",
    edits: [["if (v + bit < size) await", "await"]],
    message: /with its own rank|waits for|Deadlock|received \d messages; it should/,
    rightAt: [1, 2, 8],
  },
]);
