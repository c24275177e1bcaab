// Checks 3.3: results, the operations used, whom each rank talks to, and the bytes it sends.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";
import { type Answer, defineExercise, explainSum, Wrong, wholes } from "worldsize/exercise";

interface RingAnswer extends Answer {
  ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void>;
}

/** Lengths that the world size does not divide, and one below it. */
const lengthOf = (size: number, variant: number): number => [2 * size + 1, 1, 5 * size + 3, 7 * size + 1][variant % 4];

export default defineExercise<number[]>({
  number: "3.3",
  title: "Ring all_reduce from send and recv",
  exports: ["ringAllReduce"],
  worlds: [1, 2, 3, 5, 8],
  hints: [
    "Cut the tensor into as many chunks as there are ranks. In a first phase every chunk travels once around the ring and collects everybody's numbers; in a second one it travels around again, finished. Which chunk does a rank hold complete after the first phase?",
    "In step s of the first phase, rank r sends chunk r - s to its right and receives chunk r - s - 1 from its left into a tensor of its own, then adds it. After n - 1 steps, chunk r + 1 is complete on rank r. In step s of the second phase, it sends chunk r + 1 - s and receives chunk r - s in place. All modulo n.",
    "Both calls of a step must be under way before either is awaited: await Promise.all([world.send(a, right), world.recv(b, left)]). Chunk c is x.slice(0, Math.floor((x.size * c) / n), Math.floor((x.size * (c + 1)) / n)): so no element is left over, and a chunk may be empty.",
  ],
  questions: [
    {
      ask: "Four ranks, nine floats. How many messages does one rank send?",
      world: 4,
      answer: (outcome) => outcome.sent(0).messages,
      because: "Two phases of n - 1 steps, one message to the right in each: 2 (4 - 1).",
    },
    {
      ask: "Two ranks, five floats. How many bytes does rank 0 send?",
      world: 2,
      answer: (outcome) => outcome.sent(0).bytes,
      because:
        "2 (n - 1)/n of the buffer is the whole buffer when n = 2: each rank sends one half, then the other, 5 × 4 bytes together.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    const mine = wholes(seed, lengthOf(world.size, variant), world.rank);
    const x = device.from(mine, [mine.length]);
    await (answer as RingAnswer).ringAllReduce(world, device, x);
    return (await x.toArray()) as number[];
  },
  judge(outcome) {
    const { size, ranks, reports, seed } = outcome;
    outcome.allowOnly(["send", "recv"], "The ring is to be made of send and recv alone.");
    const length = lengthOf(size, outcome.variant);
    const rest = ` Only elements that are left over when ${length} are dealt to ${size} are wrong.`;
    const inputs = ranks.map((rank) => wholes(seed, length, rank));
    for (const rank of ranks) {
      for (let i = 0; i < length; i++) {
        const numbers = inputs.map((input) => input[i]);
        const expected = numbers.reduce((a, b) => a + b, 0);
        const got = reports[rank][i];
        if (got === expected) continue;
        const why = explainSum(got, numbers);
        throw new Wrong(
          "the sum",
          `on rank ${rank}, element ${i} of ${length} is ${got} but should be ${expected}${why ? `: ${why}` : ""}.${i < length - (length % size) ? steps(outcome.sent(rank).messages, size) : rest}`,
        );
      }
    }
    for (const rank of ranks) {
      const peers = outcome.peers(rank);
      const right = (rank + 1) % size;
      const left = (rank + size - 1) % size;
      const inRing = peers.length <= 1 && peers.every((peer) => peer === right || peer === left);
      outcome.must(
        inRing,
        "the ring",
        `rank ${rank} sent to rank${peers.length > 1 ? "s" : ""} ${peers.join(", ")}; in a ring it sends to one neighbour only, rank ${right}.`,
      );
    }
    const largest = Math.ceil(length / size) * 4;
    for (const rank of ranks) {
      const { bytes, messages } = outcome.sent(rank);
      const most = 2 * (size - 1) * largest;
      outcome.must(
        bytes <= most && messages <= 2 * (size - 1),
        "bytes sent",
        `rank ${rank} sent ${bytes} bytes in ${messages} messages. A ring all_reduce sends 2 (n - 1) = ${2 * (size - 1)} chunks, here at most ${most} bytes: ` +
          `2 (n - 1)/n of the ${length * 4}-byte buffer, however many ranks there are.`,
      );
    }
  },
});

/** What the number of messages tells about a wrong sum. */
function steps(messages: number, size: number): string {
  const needed = 2 * (size - 1);
  if (messages === needed)
    return " The number of messages is right: look at which chunk goes when, and at what is done with it.";
  const verdict = messages < needed ? "too few" : "too many";
  return ` Each rank sent ${messages} ${messages === 1 ? "message" : "messages"}, ${verdict}: two phases of n - 1 steps are ${needed}.`;
}
