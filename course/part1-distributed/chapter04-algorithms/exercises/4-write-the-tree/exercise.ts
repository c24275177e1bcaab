// Checks 4.4: everybody's tensor, n - 1 messages, and the rounds that the recorded messages take.
import type { ProcessGroup, Tensor } from "worldsize";
import { type Answer, defineExercise, type Outcome, Wrong, wholes } from "worldsize/exercise";

interface TreeAnswer extends Answer {
  treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void>;
}

const LENGTH = 3;
const rootOf = (size: number, variant: number): number => [0, size - 1, 1, size - 1][variant % 4] % size;

export default defineExercise<number[]>({
  number: "4.4",
  title: "Write the tree",
  exports: ["treeBroadcast"],
  worlds: [1, 2, 3, 5, 8, 13],
  interleavings: 2,
  hints: [
    "Who has the tensor can pass it on. If in every round each rank that has it gives it to one that has not, how many have it after k rounds?",
    "With v = (rank - root + n) % n, the lowest set bit of v is v & -v. Receive from v without that bit (unless v is 0); then send to v + bit for all smaller bits. In which order: to the child with many ranks below it, or to the leaf first?",
    "let bit = 1; while (bit < n && (v & bit) === 0) bit *= 2; if (v > 0) await world.recv(x, (v - bit + root) % n); for (bit /= 2; bit >= 1; bit /= 2) if (v + bit < n) await world.send(x, (v + bit + root) % n);",
  ],
  questions: [
    {
      ask: "On 8 ranks with root 0, to which rank does the root send first?",
      world: 8,
      answer: (outcome) => outcome.events(0, "send")[0].peer ?? -1,
      because: "To rank 4, which has three ranks below it and needs the most time. The leaf, rank 1, is served last.",
    },
    {
      ask: "How many messages are sent on 13 ranks in all?",
      world: 13,
      answer: (outcome) => outcome.ranks.reduce((sum, rank) => sum + outcome.sent(rank).messages, 0),
      because:
        "Everybody but the root receives once: n - 1, in a tree as in a star or a chain. What differs is how many happen at a time.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    const root = rootOf(world.size, variant);
    const x = device.from(world.rank === root ? wholes(seed, LENGTH) : Array(LENGTH).fill(-1), [LENGTH]);
    await (answer as TreeAnswer).treeBroadcast(world, x, root);
    return (await x.toArray()) as number[];
  },
  judge(outcome) {
    const { size, ranks, reports, seed, variant } = outcome;
    const root = rootOf(size, variant);
    outcome.allowOnly(["send", "recv"], "The tree is to be made of send and recv alone.");
    const wanted = wholes(seed, LENGTH).join(", ");
    for (const rank of ranks) {
      const got = reports[rank].join(", ");
      outcome.must(
        got === wanted,
        "the tensor",
        `with root ${root}, rank ${rank} has [${got}]; it should have the root's [${wanted}].`,
      );
    }
    for (const rank of ranks) {
      const received = outcome.events(rank, "recv").length;
      const times = rank === root ? 0 : 1;
      outcome.must(
        received === times,
        "messages",
        `with root ${root}, rank ${rank} received ${received} messages; it should be ${times}.`,
      );
    }
    const most = Math.ceil(Math.log2(size));
    const rounds = roundsOf(outcome, root);
    const last = rounds.indexOf(Math.max(...rounds));
    if (rounds[last] <= most) return;
    const fan = ranks.reduce((a, b) => (outcome.sent(b).messages > outcome.sent(a).messages ? b : a));
    const widest = outcome.sent(fan).messages;
    const shape =
      widest > most
        ? ` Rank ${fan} sends ${widest} messages one after the other.`
        : widest === 1
          ? " Each rank sends to one other: that is a chain."
          : " Which child is served first?";
    throw new Wrong(
      "rounds",
      `with root ${root}, rank ${last} has the tensor after ${rounds[last]} rounds; on ${size} ranks ${most} are enough.${shape}`,
    );
  },
});

/** The round after which each rank has the tensor. */
function roundsOf(outcome: Outcome<number[]>, root: number): number[] {
  const rounds = outcome.ranks.map(() => 0);
  const serve = (rank: number): void => {
    outcome.events(rank, "send").forEach(({ peer = 0 }, i) => {
      rounds[peer] = rounds[rank] + i + 1;
      serve(peer);
    });
  };
  serve(root);
  return rounds;
}
