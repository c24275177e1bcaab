// Checks 9.5: inserts into a radix tree, with splits under locks. What is judged stands in judge.ts.
import { type Answer, defineExercise } from "worldsize/exercise";
import { casesOf, drive, type Step, treesOf } from "./cases.ts";
import { judgeSteps } from "./judge.ts";

interface InsertAnswer extends Answer {
  insert: Parameters<typeof drive>[0];
}

interface Report {
  /** By case. */
  readonly steps: readonly (readonly Step[])[];
}

const example = {
  about: "the example",
  actions: [
    { does: "insert", tokens: [5, 6, 7, 8], locks: true },
    { does: "insert", tokens: [5, 6, 9], locks: true },
    { does: "insert", tokens: [5, 6, 7], locks: false },
  ],
} as const;

export default defineExercise<Report>({
  number: "9.5",
  title: "Insert and split",
  exports: ["insert"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "Walk down from the root: at each node, which child begins with the next token, and how many of its tokens are the same? Three things can happen at its end: all same and more to come, all same and done, or not all the same.",
    "When a node is split, make a new node for its first half, and put it between the parent and the old node: the old one keeps its object, its children, and the second half of tokens and pages. Which links change? There are three.",
    "front = { first tokens, first pages, locks: node.locks, parent: node.parent, children: { token after the cut → node } }; parent.children[first token] = front; node.parent = front. Then go on from front, whether or not there are tokens left.",
  ],
  questions: [
    {
      ask: "In the example, the second caller locks what it got. How many locks has 5 6?",
      world: 1,
      answer: () => treesOf(example)[1].find(({ tokens }) => tokens.join(" ") === "5 6")?.locks ?? 0,
      because:
        "Two: the first caller's, which the split has copied, and the second's. It is below neither of the ends.",
    },
    {
      ask: "And then insert(root, [5, 6, 7], …): how many nodes has the tree, without the root?",
      world: 1,
      answer: () => treesOf(example)[2].length,
      because: "5 6; below it 7 and 9; and 8 below 7. What was inserted ends at 7, so the node 7 8 is split.",
    },
  ],
  async run(answer, { seed }) {
    const { insert } = answer as InsertAnswer;
    return { steps: casesOf(seed).map((given) => drive(insert, given)) };
  },
  judge({ seed, reports: [{ steps }] }) {
    for (const [i, given] of casesOf(seed).entries()) judgeSteps(steps[i], given);
  },
});
