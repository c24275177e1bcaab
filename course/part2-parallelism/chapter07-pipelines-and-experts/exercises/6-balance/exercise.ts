// Checks 7.6: a step's micro-batches, shared out among ranks, and the term of balance that is made of them.
import type { ProcessGroup, TensorDevice } from "worldsize";
import { defineExercise, plainOf } from "worldsize/exercise";
import { casesOf, forms, type Part, partsOf } from "./cases.ts";
import { judgeGradients, judgeLearns, judgeValue, type Report } from "./judge.ts";

type Balance = (world: ProcessGroup, device: TensorDevice, parts: Part[], factor: number) => Promise<unknown>;
type Learns = (experts: number, perToken: number, normalized: boolean) => unknown;

/** What was summed in f32, as people write it. */
const rounded = (value: unknown): number => Math.round(1e4 * Number(value)) / 1e4;

export default defineExercise<Report>({
  number: "7.6",
  title: "Balance",
  exports: ["balance", "learns"],
  worlds: [1, 2, 3, 5],
  interleavings: 1,
  hints: [
    "Write f and P of one layer of one micro-batch first: which tokens are counted, and by what is each divided so that its numbers add up to 1? Then ask how much one micro-batch counts in the step.",
    "A micro-batch's term counts by its share of the step's real tokens, on all ranks: that number needs an allReduce, and the value another. f is a count: it has no gradient. P is a mean of softmaxes.",
    "d term / d score[t][j] = factor · E / N · p[t][j] · (f[j] - Σ f[e] p[t][e]), with N the real tokens of the step on all ranks: the micro-batch's own number cancels. learns: a single expert has the weight 1 whatever its score is, and so has the one that is chosen, if its weight is normalized.",
  ],
  questions: [
    {
      ask: "Two experts, two layers. One layer sends every token to expert 0, the other to expert 1, with probability 1. The factor is 1. What is the value?",
      world: 1,
      answer: ({ reports }) => rounded((reports[0] as Report).runs[0].value),
      because:
        "Each layer has one idle expert: 2 · (1 · 1 + 0 · 0) = 2, and there are two of them. Layers together would look balanced.",
    },
    {
      ask: "Four experts, two for each token, perfectly balanced, factor 1. What is it in Switch's convention?",
      world: 1,
      answer: ({ reports }) => rounded((reports[0] as Report).runs[1].value),
      because:
        "Shares of choices are 1/4 each, and so are mean probabilities: 4 · 4 · 1/16 = 1, with any k. Hugging Face's says 2 here.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const balance = answer.balance as Balance;
    const learns = answer.learns as Learns;
    const runs: Report["runs"][number][] = [];
    for (const given of casesOf(seed)) {
      const mine = structuredClone(partsOf(given, world.size, world.rank));
      const before = JSON.stringify(mine);
      const result: unknown = await balance(world, device, mine, given.factor);
      const { value, gradients } = (typeof result === "object" && result !== null ? result : {}) as Record<
        string,
        unknown
      >;
      const isSame = JSON.stringify(mine) === before;
      runs.push({ value: plainOf(value), gradients: plainOf(gradients), isSame });
    }
    return {
      runs,
      learns: forms.map(([experts, perToken, normalized]) => plainOf(learns(experts, perToken, normalized))),
    };
  },
  judge(outcome) {
    outcome.allowOnly(["allReduce"], "Two numbers are what a rank needs of the others: allReduce is for that.");
    for (const at of casesOf(outcome.seed).keys()) {
      judgeValue(outcome, at);
      judgeGradients(outcome, at);
    }
    judgeLearns(outcome);
  },
});
