// Checks 1.4: the sum, who takes part in it, and that everybody helped to make the group.
import type { ProcessGroup, TensorDevice } from "worldsize";
import { type Answer, defineExercise, explainSum, Wrong, wholes } from "worldsize/exercise";

interface EvenAnswer extends Answer {
  evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined>;
}

const numberOf = (seed: number, rank: number): number => wholes(seed, 1, rank)[0];

export default defineExercise<number | null>({
  number: "1.4",
  title: "A group of the even ranks",
  exports: ["evenSum"],
  worlds: [1, 2, 3, 5, 8],
  hints: [
    "split and newGroup are collectives of the group they are called on. Who has to call them?",
    "color = rank % 2 === 0 ? 0 : undefined gives the even ranks a group and the odd ones none. What does split return to a rank without a color?",
    "const group = await world.split(rank % 2 === 0 ? 0 : undefined); if (!group) return undefined; then allReduce on group, not on world.",
  ],
  questions: [
    {
      ask: "On 5 ranks, how many ranks call allReduce in the solution?",
      world: 5,
      answer: (outcome) => outcome.ranks.filter((rank) => outcome.calls(rank, "allReduce").length > 0).length,
      because: "Ranks 0, 2 and 4. Within the group they are ranks 0, 1 and 2: a group has ranks of its own.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const sum = await (answer as EvenAnswer).evenSum(world, device, numberOf(seed, world.rank));
    return sum ?? null;
  },
  judge(outcome) {
    const { ranks, reports, seed } = outcome;
    const even = ranks.filter((rank) => rank % 2 === 0);
    const expected = even.reduce((sum, rank) => sum + numberOf(seed, rank), 0);
    for (const rank of ranks) {
      const got = reports[rank];
      if (rank % 2 === 1) {
        outcome.must(got === null, "odd ranks", `rank ${rank} is odd and returned ${got}; it should return undefined.`);
        const part = outcome.calls(rank).find(({ kind }) => kind !== "split" && kind !== "barrier");
        if (part)
          throw new Wrong(
            "odd ranks",
            `rank ${rank} is odd and took part in ${part.text} (${part.site}). Let the group of the even ranks do that alone.`,
          );
        continue;
      }
      if (got === null)
        throw new Wrong(
          "even ranks",
          `rank ${rank} is even and returned undefined; it should return the sum, ${expected}.`,
        );
      if (got !== expected) {
        const why = explainSum(
          got,
          ranks.map((r) => numberOf(seed, r)),
        );
        throw new Wrong(
          "the sum",
          `rank ${rank} returned ${got}; the values of ranks ${even.join(", ")} add up to ${expected}.${why ? ` Of all ranks' numbers, ${why}.` : ""}`,
        );
      }
      outcome.must(
        outcome.calls(rank, "split").length === 1,
        "one group",
        `rank ${rank} called split ${outcome.calls(rank, "split").length} times; one group is enough.`,
      );
    }
  },
});
