import { defineMutants } from "worldsize/exercise";

const here = "const here = parts.flatMap(({ cut }, i) => (cut.includes(axis) ? [i] : []));";

export default defineMutants([
  {
    name: "everything-everywhere",
    belief: "The norm over all ranks is the sum over all ranks.",
    edits: [[here, "const here = parts.map((_, i) => i);"]],
    message: (world) => (world === 1 ? /nothing is cut there/ : /counted once for each of them/),
  },
  {
    name: "own-parts",
    belief: "Each rank clips what it has.",
    edits: [['    await group.allReduce(message, p === Infinity ? "max" : "sum");\n', ""]],
    message: /this rank's own parts only/,
    rightAt: [1],
  },
  {
    name: "norms-add-up",
    belief: "The norm of all is the sum of the norms.",
    edits: [
      [
        "terms.reduce((a, b) => a + b, 0);",
        "terms.reduce((a, b) => a + (p === 2 ? Math.sqrt(b) : b), 0) ** (p === 2 ? 2 : 1);",
      ],
    ],
    message: /their squares that add up/,
  },
  {
    name: "returns-and-does-nothing",
    belief: "mul makes the gradient smaller.",
    edits: [["gradient?.mul_(most / norm)", "gradient?.mul(most / norm)"]],
    message: /It did not change/,
  },
  {
    name: "always-to-the-bound",
    belief: "Clipping gives the gradients the norm that was asked for.",
    edits: [["Number.isFinite(norm) && norm > most", "Number.isFinite(norm)"]],
    message: /is not above/,
  },
  {
    name: "infinite-factor",
    belief: "A norm is a number like another.",
    edits: [["Number.isFinite(norm) && norm > most", "norm > most"]],
    message: /The norm is not finite/,
  },
]);
