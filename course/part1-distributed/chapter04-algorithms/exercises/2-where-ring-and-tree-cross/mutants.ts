import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "log-without-ceiling",
    belief: "A tree has log2 n levels.",
    edits: [["Math.ceil(Math.log2(n))", "Math.log2(n)"]],
    message: /n = 3, .* return undefined/,
  },
  {
    name: "whole-tensor-in-the-ring",
    belief: "In the ring each byte costs n - 1 messages, too.",
    edits: [["levels - (n - 1) / n", "levels - (n - 1)"]],
    message: /n = 4, .*it says -/,
  },
  {
    name: "always-crosses",
    belief: "There is always a crossing.",
    edits: [["saved > 0 ? saved / extra : undefined", "Math.abs(saved) / extra"]],
    message: /n = 2, .* it says 0 bytes/,
  },
  {
    name: "forgets-the-tree's-latency",
    belief: "What the ring pays for steps is what it loses.",
    edits: [["alpha * (n - 1 - levels)", "n < 4 ? 0 : alpha * (n - 1)"]],
    message: /The size is (2\.9\d|3\.\d+|3) times the right one/,
  },
  {
    name: "beta-is-a-bandwidth",
    belief: "beta is in bytes per second.",
    edits: [["saved / extra : undefined", "saved / ((levels - (n - 1) / n) / beta) : undefined"]],
    message: /n = 4, .*e-\d+ times the right one/,
  },
]);
