// Checks 2.1: everybody's list, the neighbours, and n - 1 messages of one number.
import type { ProcessGroup, TensorDevice } from "worldsize";
import { type Answer, defineExercise, Wrong, wholes } from "worldsize/exercise";

interface RingAnswer extends Answer {
  ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]>;
}

const numberOf = (seed: number, rank: number): number => wholes(seed, 1, rank)[0];

export default defineExercise<number[]>({
  number: "2.1",
  title: "Around the ring",
  exports: ["ringGather"],
  worlds: [1, 2, 3, 5, 8],
  hints: [
    "First send your own number; in each later step send what came in the step before. Whose number arrives in step s?",
    "In step s (from 1), the number that arrives on rank r has travelled s links: it is that of rank r - s, modulo n.",
    "Both halves of a step at once: await Promise.all([world.send(outgoing, right), world.recv(incoming, left)]). Then result[(rank - step + size) % size] = await incoming.item(), and outgoing becomes incoming.",
  ],
  questions: [
    {
      ask: "On 5 ranks, how many messages does rank 0 send?",
      world: 5,
      answer: (outcome) => outcome.sent(0).messages,
      because: "n - 1 = 4: rank 1's number is the last to reach rank 0, after 4 links.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    return (answer as RingAnswer).ringGather(world, device, numberOf(seed, world.rank));
  },
  judge(outcome) {
    const { size, ranks, reports, seed } = outcome;
    outcome.allowOnly(["send", "recv"], "The ring is to be made of send and recv alone.");
    const all = ranks.map((rank) => numberOf(seed, rank));
    for (const rank of ranks) {
      const got = reports[rank];
      outcome.must(
        Array.isArray(got) && got.length === size,
        "the list",
        `rank ${rank} returned ${JSON.stringify(got)}; it should be a list of ${size} numbers.`,
      );
      for (const [i, wanted] of all.entries()) {
        if (got[i] === wanted) continue;
        const whose = all.indexOf(got[i]);
        const what = whose < 0 ? `${got[i]}, which is nobody's number` : `rank ${whose}'s number`;
        throw new Wrong(
          "the list",
          `on rank ${rank}, element ${i} is ${what}; it should be rank ${i}'s.${pattern(got, all)}`,
        );
      }
      const { messages, bytes } = outcome.sent(rank);
      const peers = outcome.peers(rank);
      outcome.must(
        peers.every((peer) => peer === (rank + 1) % size),
        "the ring",
        `rank ${rank} sent to rank ${peers.join(" and ")}; its right neighbour is rank ${(rank + 1) % size}.`,
      );
      outcome.must(
        messages === size - 1 && bytes === 4 * messages,
        "messages",
        `rank ${rank} sent ${messages} messages, ${bytes} bytes together; ${size - 1} messages of 4 bytes are enough.`,
      );
    }
  },
});

/** What the whole list tells. */
function pattern(got: readonly number[], all: readonly number[]): string {
  if ([...got].sort().join() === [...all].sort().join()) return " All numbers are there, in another order.";
  const twice = got.find((number, i) => got.indexOf(number) !== i);
  return twice !== undefined && twice !== 0 ? " That number stands in several places." : "";
}
