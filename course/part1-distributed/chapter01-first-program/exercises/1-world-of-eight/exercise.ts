// Checks 1.1: the default world size, every rank's line, and a count that the ranks really made.
import type { Script } from "worldsize";
import { defineExercise, Wrong } from "worldsize/exercise";

export default defineExercise<{ ranks: number | undefined }>({
  number: "1.1",
  title: "A world of eight",
  exports: ["default"],
  worlds: [1, 2, 3, 5, 8],
  hints: [
    "A script is export default defineScript({ about, ranks, async main({ world, device, show }) { … } }). Which of these says how many ranks there are when nobody asks for another number?",
    "Each rank makes a tensor of one element, device.ones([1]), and world.allReduce adds everybody's up, in place. await it, and then read it with await ones.item().",
    "The lines are show.line(`rank ${world.rank} of ${world.size}`) on every rank, and if (world.rank === 0) show.line(`${count} ranks are here`). All ranks call allReduce; only the line is for rank 0.",
  ],
  questions: [
    {
      ask: "The script runs on 8 ranks. How many lines appear in all?",
      world: 8,
      answer: (outcome) => outcome.ranks.reduce((sum, rank) => sum + outcome.lines(rank).length, 0),
      because: "Every rank runs the whole program: 8 greetings, and one line more of rank 0.",
    },
  ],
  async run(answer, { context }) {
    const script = answer.default as Script;
    await script.main(context);
    return { ranks: script.ranks };
  },
  judge(outcome) {
    const { size, ranks, reports } = outcome;
    for (const rank of ranks) {
      const [first = "nothing", ...more] = outcome.lines(rank);
      const wanted = `rank ${rank} of ${size}`;
      outcome.must(
        first === wanted,
        "the greeting",
        `rank ${rank} shows "${first}"; its first line should be "${wanted}".`,
      );
      if (rank > 0 && more.length > 0) {
        throw new Wrong(
          "who speaks",
          `rank ${rank} shows "${more[0]}", too. Only rank 0 says how many ranks are here.`,
        );
      }
    }
    const count = `${size} ranks are here`;
    const [, second = "nothing more"] = outcome.lines(0);
    outcome.must(
      second === count,
      "the count",
      `rank 0 shows "${second}" after its greeting; it should be "${count}".`,
    );
    for (const rank of ranks) {
      const counted = outcome.calls(
        rank,
        "allReduce",
        "reduce",
        "gather",
        "allGather",
        "allGatherObject",
        "send",
        "recv",
      );
      outcome.must(
        counted.length > 0,
        "who counts",
        `rank ${rank} told nobody that it is here: it called no collective. world.size is what the launcher planned; count who came.`,
      );
    }
    outcome.must(
      reports[0].ranks === 8,
      "eight ranks",
      `the script says ranks: ${reports[0].ranks ?? "nothing"}; started without -n it should run on 8.`,
    );
  },
});
