import { defineMutants } from "worldsize/exercise";

const warmup = "Math.min(stages - 1 - rank, microBatches)";

export default defineMutants([
  {
    name: "all-forwards-first",
    belief: "Backward can only begin when forward is through.",
    edits: [[warmup, "microBatches + 0 * (stages - rank)"]],
    message: /that is GPipe\. A backward makes room/,
  },
  {
    name: "the-same-start",
    belief: "All ranks have to have the pipeline full.",
    edits: [[warmup, "Math.min(stages - 1 - 0 * rank, microBatches)"]],
    message: /All ranks begin with equally many forwards/,
  },
  {
    name: "one-too-many",
    belief: "A rank begins with one forward for each stage from it on.",
    edits: [[warmup, "Math.min(stages - rank, microBatches)"]],
    message: /one forward too many: in taking turns, a forward comes first/,
  },
  {
    name: "one-after-the-other",
    belief: "One forward, one backward: that is all there is.",
    edits: [[warmup, "0 * Math.min(stages - 1 - rank, microBatches)"]],
    message: /goes all the way and back before the next one begins/,
  },
  {
    name: "more-than-there-are",
    belief: "There are always enough micro-batches.",
    edits: [[warmup, "stages - 1 - rank"]],
    message: /No rank can begin with more forwards than there are/,
  },
  {
    name: "never-drained",
    belief: "When the last forward is done, so is the step.",
    edits: [["    for (let m = microBatches - warmup; m < microBatches; m++) row.push(`B${m}`);\n", ""]],
    message: /some backwards are still to be done/,
  },
]);
