// Checks 1.2: each role's result, and who sends to whom.
import type { ProcessGroup, TensorDevice } from "worldsize";
import { type Answer, defineExercise } from "worldsize/exercise";

interface PairAnswer extends Answer {
  pairWork(world: ProcessGroup, device: TensorDevice): Promise<number>;
}

export default defineExercise<number>({
  number: "1.2",
  title: "Even and odd ranks do different work",
  exports: ["pairWork"],
  worlds: [1, 2, 3, 5, 8],
  hints: [
    "SPMD: every rank runs the same function, and an if on world.rank gives each its part. Which ranks have a partner above them?",
    'An even rank has a partner if world.rank + 1 < world.size. It makes device.tensor([r * r], "i32") and sends it; the odd one makes device.zeros([1], "i32") to receive into.',
    "if (rank % 2 === 1) { await world.recv(x, rank - 1); return (await x.item()) + rank; } and otherwise: if (rank + 1 < size) await world.send(x, rank + 1); return rank * rank;",
  ],
  questions: [
    {
      ask: "On 5 ranks, how many messages are sent?",
      world: 5,
      answer: (outcome) => outcome.ranks.reduce((sum, rank) => sum + outcome.sent(rank).messages, 0),
      because: "0 → 1 and 2 → 3; rank 4 has no partner.",
    },
    {
      ask: "On 5 ranks, what does rank 3 return?",
      world: 5,
      answer: (outcome) => Number(outcome.reports[3]),
      because: "It receives 2 × 2 and adds its own rank: 4 + 3.",
    },
  ],
  async run(answer, { context: { world, device } }) {
    return (answer as PairAnswer).pairWork(world, device);
  },
  judge(outcome) {
    const { size, ranks, reports } = outcome;
    outcome.allowOnly(["send", "recv"], "Each pair needs one send and one recv, nothing more.");
    for (const rank of ranks) {
      const even = rank % 2 === 0;
      const expected = even ? rank * rank : (rank - 1) ** 2 + rank;
      outcome.must(
        reports[rank] === expected,
        "the result",
        `rank ${rank}, which is ${even ? "even" : "odd"}, returned ${JSON.stringify(reports[rank])}; it should return ${
          even ? `${rank} × ${rank}` : `${rank - 1} × ${rank - 1} + ${rank}`
        } = ${expected}.`,
      );
      const wanted = even && rank + 1 < size ? [rank + 1] : [];
      const { messages, bytes } = outcome.sent(rank);
      outcome.must(
        outcome.peers(rank).join() === wanted.join() && messages === wanted.length && bytes === 4 * messages,
        "who sends",
        `rank ${rank} sent ${messages} messages of ${bytes} bytes together${messages > 0 ? ` to rank ${outcome.peers(rank).join(", ")}` : ""}; it should send ${
          wanted.length > 0 ? `one of 4 bytes, to rank ${wanted[0]}` : "nothing"
        }.`,
      );
    }
  },
});
