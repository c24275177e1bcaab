import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "bandwidth-only",
    belief: "Speed is bandwidth.",
    edits: [["return step(n, bytes, slow) / step(n, bytes, fast);", "return fast.bandwidth / slow.bandwidth;"]],
    message: /what became of latency/,
  },
  {
    name: "upside-down",
    belief: "Fast over slow is how much faster.",
    edits: [["step(n, bytes, slow) / step(n, bytes, fast)", "step(n, bytes, fast) / step(n, bytes, slow)"]],
    message: /It is upside down/,
  },
  {
    name: "whole-tensor-a-step",
    belief: "Every step moves the tensor.",
    edits: [["bytes / n / link.bandwidth", "bytes / link.bandwidth"]],
    message: /if each step moved the whole tensor/,
  },
  {
    name: "half-without-n",
    belief: "Half of the bandwidth is reached when the tensor takes as long as a latency.",
    edits: [["return n * link.alpha", "return link.alpha"]],
    message: /n = 8, .* That is the size of a chunk, 1\/8/,
  },
  {
    name: "half-of-algbw",
    belief: "algbw and busbw are the same.",
    edits: [
      [
        "return n * link.alpha * link.bandwidth;",
        "return (n * link.alpha * link.bandwidth * (n - 1)) / Math.max(0.5, n / 1 - (n - 1));",
      ],
    ],
    message: /is 87\.5 % of the link's|There algbw is half/,
  },
]);
