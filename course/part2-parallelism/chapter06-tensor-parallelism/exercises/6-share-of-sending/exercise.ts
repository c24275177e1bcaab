// Checks 6.6: layers and clusters, each against the library's ring on virtual time. What is judged stands in judge.ts.
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import { asked, clockOf, clustersOf, type Plan, plansOf } from "./cases.ts";
import { judgeCluster, judgePlan } from "./judge.ts";

interface ShareAnswer extends Answer {
  layer(plan: unknown): unknown;
  fastest(cluster: unknown): unknown;
}

interface Report {
  readonly layers: readonly unknown[];
  readonly clusters: readonly unknown[];
}

const shareOf = (plan: Plan): number => {
  const { sending, computing } = clockOf(plan);
  return Math.round((100 * sending) / (sending + computing));
};

export default defineExercise<Report>({
  number: "6.6",
  title: "The share of sending",
  exports: ["layer", "fastest"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "Count first, with exercise 6.3 beside you: how many all_reduces has one layer, how many numbers has each, and how many weights does a token meet?",
    "A ring takes 2 (n - 1)(α + T h bytes / n · β), four times for each layer. Products: 12 h² weights, 2 operations forward and 4 backward for each and each token, divided by n. For fastest, try every number that divides heads; a ring with one slow link is as slow as that.",
    "sending = 4 · reduce, computing = 3 · 2 · T · 12 h² / n / flops. With overlap take off min(reduce, gradients of q, k, v) and min(reduce, gradient of up): 2 T 3h² / n / flops and 2 T 4h² / n / flops.",
  ],
  questions: [
    {
      ask: "On 8 ranks half of a layer's time is sending, without latency. What share is it with four times the tokens, in percent?",
      world: 1,
      answer: () => shareOf({ ...asked, tokens: 4 * asked.tokens }),
      because: "Both grow with the tokens: each token brings its numbers to send and its products.",
    },
    {
      ask: "And with four times the width, in percent?",
      world: 1,
      answer: () => shareOf({ ...asked, width: 4 * asked.width }),
      because: "Sending grows with the width, products with its square: 1 to 4 in place of 1 to 1.",
    },
  ],
  async run(answer, { seed }) {
    const { layer, fastest } = answer as ShareAnswer;
    const layers = plansOf(seed).map((plan) => plainOf(layer(structuredClone(plan))));
    const clusters = clustersOf(seed).map((cluster) => plainOf(fastest(structuredClone(cluster))));
    return { layers, clusters };
  },
  judge({ seed, reports: [{ layers, clusters }] }) {
    for (const [i, plan] of plansOf(seed).entries()) judgePlan(layers[i], plan);
    for (const [i, cluster] of clustersOf(seed).entries()) judgeCluster(clusters[i], cluster);
  },
});
