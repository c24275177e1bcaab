// Checks 7.1: bubbles and what is kept, against the library's schedules on ideal time. What is judged stands in judge.ts.
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import { gpipe, oneForwardOneBackward, timeOf } from "worldsize/parallel";
import { plansOf } from "./cases.ts";
import { judgeBubble, judgeKept } from "./judge.ts";

interface BubbleAnswer extends Answer {
  bubble(plan: unknown): unknown;
  kept(plan: unknown): unknown;
}

interface Report {
  readonly bubbles: readonly unknown[];
  readonly kept: readonly unknown[];
}

const asked = { ranks: 8, microBatches: 32 };
/** Forward and backward of one slot each. */
const equal = { F: 1, I: 0.5, W: 0.5 };

export default defineExercise<Report>({
  number: "7.1",
  title: "The bubble's share",
  exports: ["bubble", "kept"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "Draw three ranks and four micro-batches on squared paper, once as GPipe and once as 1F1B. Count the empty squares of one row, and all squares of it. Then count, in each row, how many forwards stand before the first backward.",
    "Each row works m (F + B) and idles (p - 1)(F + B). With v stages a rank, a step of the staircase is a v-th of that. Kept: GPipe all m; 1F1B as many as there are ranks from this one on, or all if these are fewer; interleaved as many forwards as come before the first backward, in stages.",
    "bubble = (p - 1) / (v m + p - 1) for all three (v = 1 but for interleaved). kept: m; min(p - r, m); min(2 (p - r - 1) + (v - 1) p + 1, v m) / v.",
  ],
  questions: [
    {
      ask: "8 ranks, 32 micro-batches, forward and backward take one slot each. How many slots does GPipe take?",
      world: 1,
      answer: () => timeOf(gpipe(asked), equal).makespan,
      because: "Forwards: the last micro-batch leaves the last rank after 32 + 7 slots. Backwards: as many again.",
    },
    {
      ask: "And by how many slots is 1F1B shorter?",
      world: 1,
      answer: () => timeOf(gpipe(asked), equal).makespan - timeOf(oneForwardOneBackward(asked), equal).makespan,
      because:
        "By none: (32 + 7) · 2 = 78 again, a bubble of 0.1795. What falls is what ranks keep: 8, 7, … 1 in place of 32.",
    },
  ],
  async run(answer, { seed }) {
    const { bubble, kept } = answer as BubbleAnswer;
    const plans = plansOf(seed);
    return {
      bubbles: plans.map((plan) => plainOf(bubble({ ...plan }))),
      kept: plans.map((plan) => plainOf(kept({ ...plan }))),
    };
  },
  judge({ seed, reports: [{ bubbles, kept }] }) {
    const plans = plansOf(seed);
    for (const [i, plan] of plans.entries()) judgeBubble(bubbles[i], plan);
    for (const [i, plan] of plans.entries()) judgeKept(kept[i], plan);
  },
});
