// Hands an answer all that answers get, and asks whether it has reached what it must not.
import type { Context } from "worldsize";
import { type Answer, defineExercise } from "worldsize/exercise";

interface Prober extends Answer {
  probe(context: Context<Record<string, never>>): Promise<unknown>;
}

export default defineExercise<{ reached: unknown }>({
  number: "0.0",
  title: "A wall",
  exports: ["probe"],
  worlds: [2],
  interleavings: 0,
  hints: ["", "", ""],
  questions: [],
  async run(answer, { context }) {
    return { reached: await (answer as Prober).probe(context) };
  },
  judge(outcome) {
    for (const { reached } of outcome.reports) {
      outcome.must(reached === "nothing", "the wall", () => `an answer has reached ${JSON.stringify(reached)}`);
    }
  },
});
