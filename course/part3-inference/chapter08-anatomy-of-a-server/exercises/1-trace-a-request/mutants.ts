import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "the-role-is-a-token",
    belief: "The first frame is the first token.",
    edits: [["ttft: first - sent,", "ttft: frames[0].at - sent,"]],
    message: /That is the frame with the role/,
  },
  {
    name: "until-the-usage",
    belief: "A request ends with its last frame.",
    edits: [["e2el: last - sent,", "e2el: frames[frames.length - 1].at - sent,"]],
    message: /The last frame has no token in it/,
  },
  {
    name: "a-frame-is-a-token",
    belief: "Each frame brings one token.",
    edits: [["frames.find(({ usage }) => usage !== undefined)?.usage ?? times.length", "times.length"]],
    message: /That divides by frames/,
  },
  {
    name: "one-token-is-infinitely-slow",
    belief: "TPOT is a quotient; it is always there.",
    edits: [["tokens > 1 ? (last - first) / (tokens - 1) : 0", "(last - first) / (tokens - 1)"]],
    message: /With one token there is no time between tokens/,
  },
  {
    name: "until-the-last-schedule",
    belief: "A request that was preempted is in the queue again.",
    edits: [["queue: scheduled[0] - queued", "queue: scheduled[scheduled.length - 1] - queued"]],
    message: /That is until it was scheduled again/,
  },
  {
    name: "one-bound-is-enough",
    belief: "A request is good if it is fast in one way.",
    edits: [["ttft <= most.ttft && tpot <= most.tpot;", "ttft <= most.ttft || tpot <= most.tpot;"]],
    message: /A request counts if it keeps all bounds/,
  },
]);
