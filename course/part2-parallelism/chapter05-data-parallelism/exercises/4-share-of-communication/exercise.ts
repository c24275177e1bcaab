// Checks 5.4: steps and jobs, each against the library's ring on virtual time. What is judged stands in judge.ts.
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import { asked, clockOf, jobsOf, plansOf, ringSeconds } from "./cases.ts";
import { judgeJob, judgePlan } from "./judge.ts";

interface ShareAnswer extends Answer {
  step(plan: unknown): unknown;
  mostRanks(job: unknown): unknown;
}

interface Report {
  readonly steps: readonly unknown[];
  readonly jobs: readonly unknown[];
}

export default defineExercise<Report>({
  number: "5.4",
  title: "The share of communication",
  exports: ["step", "mostRanks"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "Draw two rows, as the chapter does at its beginning: when is each bucket full, when is the link free, and which of the two comes later?",
    "A bucket travels for 2 (n - 1)(α + bytes/n β). It starts when it is full and the bucket before has arrived. The step ends when the last one has. For mostRanks try n + 1 as long as messages take no longer than backward.",
    "Go through the buckets with two numbers: backward += after; free = Math.max(backward, free) + travels. A step is m forwards, m - 1 backwards, and free. In turns it is m forwards, m backwards and the sum of all travels.",
  ],
  questions: [
    {
      ask: "Two buckets on 4 ranks: full after 30 and after 40 ms, each travels for 20 ms. What share is hidden, in percent?",
      world: 1,
      answer() {
        const { inTurns, seconds, messages, backward } = clockOf(asked);
        return Math.round((100 * (inTurns - seconds)) / Math.min(messages, backward));
      },
      because:
        "The first travels from 30 to 50 ms, the second is full at 40 and waits until 50: it has arrived at 70. In turns it would be 80, and 40 ms could be hidden: 25 %. Equal buckets after equal times would hide 1 - 1/2.",
    },
    {
      ask: "The number of ranks doubles, the batch stays. Roughly what do messages and backward of a rank do, for large gradients?",
      choices: ["both halve", "messages stay, backward halves", "messages double, backward stays"],
      world: 1,
      answer() {
        const [few, many] = [16, 32].map((n) => ringSeconds(n, 2 ** 28, 1e-6, 1e-9));
        const ratio = many / few;
        if (ratio > 1.5) return "messages double, backward stays";
        return ratio < 0.75 ? "both halve" : "messages stay, backward halves";
      },
      because: "A rank sends 2 (n - 1)/n of the gradients, nearly 2 whatever n is, and has 1/n of the samples.",
    },
  ],
  async run(answer, { seed }) {
    const { step, mostRanks } = answer as ShareAnswer;
    const steps = plansOf(seed).map((plan) => plainOf(step(structuredClone(plan))));
    const jobs = jobsOf(seed).map((job) => plainOf(mostRanks({ ...job })));
    return { steps, jobs };
  },
  judge({ seed, reports: [{ steps, jobs }] }) {
    for (const [i, plan] of plansOf(seed).entries()) judgePlan(steps[i], plan);
    for (const [i, job] of jobsOf(seed).entries()) judgeJob(jobs[i], job);
  },
});
