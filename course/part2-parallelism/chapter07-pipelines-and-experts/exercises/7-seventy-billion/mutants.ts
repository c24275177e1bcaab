import { defineMutants } from "worldsize/exercise";

const cost = "const cost = tp * pp * (tp > 4 ? 1.5 : 1);";

export default defineMutants([
  {
    name: "no-optimizer",
    belief: "A model takes its weights and their gradients.",
    edits: [["return own * (2 + 2 + 12 / dp);", "return own * (2 + 2);"]],
    message: /12 bytes for each parameter that the optimizer keeps/,
  },
  {
    name: "no-activations",
    belief: "What fits is a matter of states alone.",
    edits: [["states(job, tp, pp, dp) + activations(job, tp, again)", "states(job, tp, pp, dp)"]],
    message: /What it keeps for backward is too much/,
  },
  {
    name: "tp-across-nodes",
    belief: "Tensor parallelism has no bubble, so there cannot be too much of it.",
    edits: [
      ["tp <= Math.min(perNode, kvHeads)", "tp <= kvHeads"],
      [cost, "const cost = pp - tp / 100;"],
    ],
    message: /tp 8 crosses nodes of 4/,
  },
  {
    name: "stages-without-micro-batches",
    belief: "Stages send the least, so as many of them as there are layers for.",
    edits: [
      ["if (pp > 1 && microBatches < 4 * pp) continue;", "if (microBatches < 1) continue;"],
      [cost, "const cost = tp - pp / 100;"],
    ],
    message: /are waiting: \d+ micro-batches for \d+ stages/,
  },
  {
    name: "always-again",
    belief: "Large models need recomputation.",
    edits: [["for (const again of [false, true]) {", "for (const again of [true]) {"]],
    message: /computed twice|computing its blocks twice/,
  },
  {
    name: "any-batch",
    belief: "A batch can be cut for any number of ranks.",
    edits: [
      ["!Number.isInteger(dp) || !Number.isInteger(microBatches)", "!Number.isInteger(dp)"],
      ["return { layout: best, micro: 1 };", "return { layout: best, micro: 3 };"],
    ],
    message: /is no multiple of \d+ samples/,
  },
]);
