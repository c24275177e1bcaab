import { defineMutants } from "worldsize/exercise";

const share = "return idle / (working + idle);";

export default defineMutants([
  {
    name: "over-the-work",
    belief: "The bubble is (p - 1) / m, as papers write it.",
    edits: [[share, "return idle / working;"]],
    message: /That is idle time over working time; asked for is the share of all time/,
  },
  {
    name: "forgets-the-chunks",
    belief: "The bubble depends on ranks and micro-batches.",
    edits: [["[chunks * microBatches, ranks - 1]", "[microBatches, ranks - 1]"]],
    message: /these are shorter here/,
  },
  {
    name: "divides-the-share",
    belief: "With v stages of a rank the bubble is a v-th.",
    edits: [
      ["[chunks * microBatches, ranks - 1]", "[microBatches, ranks - 1]"],
      [share, "return idle / (working + idle) / chunks;"],
    ],
    message: /so is the whole, which it is a share of/,
  },
  {
    name: "the-same-on-all-ranks",
    belief: "1F1B keeps as many micro-batches as there are ranks.",
    edits: [["const behind = ranks - 1 - rank;", "const behind = ranks - 1 - 0 * rank;"]],
    message: /a later rank's first backward comes sooner/,
  },
  {
    name: "more-than-there-are",
    belief: "A rank keeps one micro-batch for each rank from it on.",
    edits: [["Math.min(stages, most) / chunks", "(most > 0 ? stages : 0) / chunks"]],
    message: /No rank keeps more micro-batches than there are/,
  },
  {
    name: "stages-as-whole-ranks",
    belief: "A micro-batch is a micro-batch, at whatever stage.",
    edits: [["Math.min(stages, most) / chunks", "Math.min(stages, most)"]],
    message: /keeps as much less of a micro-batch/,
  },
]);
