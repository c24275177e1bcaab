// Checks 9.2: tokens and pages that a prefix cache saves, against the library's tree. What is judged stands in judge.ts.
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import { plansOf, servedBy } from "./cases.ts";
import { judgeServed } from "./judge.ts";

interface ServedAnswer extends Answer {
  served(plan: unknown): unknown;
}

interface Report {
  readonly served: readonly unknown[];
}

export default defineExercise<Report>({
  number: "9.2",
  title: "One system prompt",
  exports: ["served"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "Take two requests of 10 shared tokens and 3 of their own, and pages of 4. Draw both prompts as pages. Which pages have the same tokens? Which of them can the second request use without running anything in them?",
    "Whole pages of the system prompt are found: ⌊shared / pageSize⌋. But a prompt runs at least its last token, so at most ⌊(prompt - 1) / pageSize⌋ of its pages can come from the cache.",
    "For each request but the first (and for none if all begin at once): computed = prompt - pageSize · min(⌊shared / pageSize⌋, ⌊(prompt - 1) / pageSize⌋). pages = ⌊shared / pageSize⌋ + Σ (⌊prompt / pageSize⌋ - ⌊shared / pageSize⌋).",
  ],
  questions: [
    {
      ask: "100 requests, 500 shared tokens and 20 of their own, pages of 16, one after the other. How many tokens of prompts are run?",
      world: 1,
      answer: () => servedBy(plansOf(0)[0]).computed,
      because:
        "31 whole pages are 496 tokens: the first runs 520, each of the others 24. Without the cache it is 52,000.",
    },
    {
      ask: "A prompt of 32 tokens is asked twice, pages of 16. How many tokens does the second request run?",
      world: 1,
      answer: () => servedBy(plansOf(0)[1]).computed - 32,
      because:
        "Its last token has to be run for its logits, and pages are found whole: the second page is run again, 16 tokens.",
    },
  ],
  async run(answer, { seed }) {
    const { served } = answer as ServedAnswer;
    return { served: plansOf(seed).map((plan) => plainOf(served(structuredClone(plan)))) };
  },
  judge({ seed, reports: [{ served }] }) {
    for (const [i, plan] of plansOf(seed).entries()) judgeServed(served[i], plan);
  },
});
