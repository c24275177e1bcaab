import { defineMutants } from "worldsize/exercise";

const travels = "const travels = 2 * (ranks - 1) * (alpha + (bytes / ranks) * beta);";
const free = "free = Math.max(backward, free) + travels;";
const seconds = "const seconds = before + free;";

export default defineMutants([
  {
    name: "whole-buckets",
    belief: "Every byte is sent twice: up and down.",
    edits: [[travels, "const travels = ranks === 1 ? 0 : 2 * (alpha + bytes * beta);"]],
    message: /Each of the 2 \(n - 1\) messages carries 1\/n/,
  },
  {
    name: "latency-once",
    belief: "A bucket is one message, so it has one latency.",
    edits: [[travels, "const travels = ranks === 1 ? 0 : alpha + 2 * (ranks - 1) * (bytes / ranks) * beta;"]],
    message: /each has its latency/,
  },
  {
    name: "all-of-them-send",
    belief: "Every backward has gradients to send.",
    edits: [[travels, "const travels = microBatches * 2 * (ranks - 1) * (alpha + (bytes / ranks) * beta);"]],
    message: /only the last one sends/,
  },
  {
    name: "always-a-free-link",
    belief: "A bucket leaves when it is full.",
    edits: [[free, "free = Math.max(free, backward + travels);"]],
    message: /The link carries one bucket at a time/,
  },
  {
    name: "the-longer-one",
    belief: "All is hidden if messages take no longer than backward.",
    edits: [[seconds, "const seconds = before + Math.max(backward, messages);"]],
    message: /still has to travel/,
  },
  {
    name: "ranks-for-ever",
    belief: "Messages get smaller with more ranks, too.",
    edits: [
      [
        "while (messages(n + 1) <= (backward * samples) / (n + 1)) n++;",
        "while (n < 64 && messages(n + 1) / (n + 1) <= (backward * samples) / (n + 1)) n++;",
      ],
    ],
    message: /: too many\.$/,
  },
]);
