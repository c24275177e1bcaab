import { defineMutants } from "worldsize/exercise";

const divided = "y = sum.div(count);";
const halves = "    for (const weights of later) weights.run();\n";
const tied = "  if (stage.ends && table?.grad) await stage.ends.allReduce(table.grad);\n";

export default defineMutants([
  {
    name: "only-the-log",
    belief: "The loss that is logged is divided, so the gradients are.",
    edits: [[divided, "y = sum.div(1);"]],
    message: /Nothing divides by the \d+ tokens of the step: it is \d+ times/,
  },
  {
    name: "mean-of-means",
    belief: "The mean of the micro-batches' means is the mean.",
    edits: [[divided, "y = sum.div(targets.length * runs.flat().length);"]],
    message: /Backward begins at the means of micro-batches: each weighs the same/,
  },
  {
    name: "divided-after-each-run",
    belief: "When a run of the schedule is through, its gradients are divided.",
    edits: [
      [divided, "y = sum.div(1);"],
      [
        halves,
        `${halves}    const own = microBatches.reduce((sum, { targets }) => sum + targets.length, 0);\n    for (const { grad } of table ? [weight, table] : [weight]) grad?.div_(own);\n`,
      ],
    ],
    message: /After each run everything was divided, also what earlier runs had left there/,
  },
  {
    name: "tied-in-name-only",
    belief: "The first rank has the embedding, the last one the head.",
    edits: [[tied, ""]],
    message: /It is this rank's term alone: words go in at the first stage/,
    rightAt: [1],
  },
  {
    name: "tied-again-and-again",
    belief: "After each run the two ranks sum the table's gradients.",
    edits: [
      [tied, ""],
      [halves, `${halves}    if (stage.ends && table?.grad) await stage.ends.allReduce(table.grad);\n`],
    ],
    message: /It was summed over the two ranks after each run/,
    rightAt: [1],
  },
  {
    name: "the-last-half",
    belief: "What was put off is run at the end.",
    edits: [[halves, "    later.at(-1)?.run();\n"]],
    message: /of the others only the half of backward for the inputs was done/,
  },
]);
