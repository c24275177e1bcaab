// Checks 7.7: a function that lays out models on machines, by the planner. What is judged stands in judge.ts.
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import { memoryOf, parsePlannedLayout } from "worldsize/parallel";
import { casesOf } from "./cases.ts";
import { judgeChoice } from "./judge.ts";

interface SeventyAnswer extends Answer {
  choose(job: unknown): unknown;
}

interface Report {
  readonly choices: readonly unknown[];
}

const gigabytes = (bytes: number): number => Math.round(bytes / 1e9);

export default defineExercise<Report>({
  number: "7.7",
  title: "Seventy billion",
  exports: ["choose"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "Begin with what cannot be otherwise: 16 bytes for each parameter, and what backward keeps. How many devices do the states of 70B need at least, and how many are in a node?",
    "Try tp 1, 2, 4, … up to a node and what divides kvHeads, and pp while batch / dp is at least four times pp. For each add up (2 + 2) P / (tp pp) + 12 P / (tp pp dp) with zero1, and activations of all layers: a stage keeps pp micro-batches of layers / pp blocks.",
    "With sp a block keeps about T (8 h + 4 (heads + kvHeads) h / heads + 6 ffnWidth) / tp bytes for T tokens of a micro-batch, and logits 8 T vocabulary / tp. Take the first that fits 0.95 of memory, with tp · pp as small as it can be; if none does, add recompute: 2 T h / tp for a block.",
  ],
  questions: [
    {
      ask: "Parameters, gradients and moments of 70B in mixed precision, on tp 8 without anything shared out along dp: how many GB has each of the ranks?",
      world: 1,
      answer: () => {
        const [{ request }] = casesOf(0);
        const { parameters, gradients, optimizer } = memoryOf(
          request.model,
          request.run,
          parsePlannedLayout("dp8.tp8+sp"),
        );
        return gigabytes(parameters + gradients + optimizer);
      },
      because:
        "16 bytes for each of 69 billion parameters are 1,104 GB, and 8 ranks have an eighth of them each: more than a GPU has.",
    },
    {
      ask: "And with the moments shared out over dp 8 (zero1)?",
      world: 1,
      answer: () => {
        const [{ request }] = casesOf(0);
        const { parameters, gradients, optimizer } = memoryOf(
          request.model,
          request.run,
          parsePlannedLayout("dp8.tp8+zero1+sp"),
        );
        return gigabytes(parameters + gradients + optimizer);
      },
      because: "Of 12 bytes for each parameter an eighth stays: 2 + 2 + 1.5, and an eighth of that for tp.",
    },
  ],
  async run(answer, { seed }) {
    const { choose } = answer as SeventyAnswer;
    return { choices: casesOf(seed).map(({ job }) => plainOf(choose(structuredClone(job)))) };
  },
  judge({ seed, reports: [{ choices }] }) {
    for (const [i, given] of casesOf(seed).entries()) judgeChoice(choices[i], given);
  },
});
