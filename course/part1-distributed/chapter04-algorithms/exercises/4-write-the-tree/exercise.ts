// Checks 4.4: every rank's tensor, n - 1 messages, and the rounds that the recorded messages take.
import type { ProcessGroup, Tensor } from "worldsize";
import { type Answer, defineExercise, type Outcome, Wrong, wholes } from "worldsize/exercise";

interface TreeAnswer extends Answer {
  treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void>;
}

/** By run of a world size: which rank is the root, counted from 0, and what it has. */
const rootOf = (size: number, variant: number): number => [0, size - 1, 1, size >> 1][variant % 4] % size;
const shapes = [[3], [2, 2], [1], [5]] as const;

/** The root's numbers, with halves; the first run of a world size has the same at every seed. */
function numbersOf(seed: number, variant: number): number[] {
  const count = shapes[variant % 4].reduce<number>((a, b) => a * b, 1);
  return wholes(variant === 0 ? 44 : seed, count).map((whole) => whole + 0.5);
}

export default defineExercise<number[]>({
  number: "4.4",
  title: "Write the tree",
  exports: ["treeBroadcast"],
  worlds: [1, 2, 3, 5, 8, 13],
  interleavings: 3,
  bound(size, variant) {
    const rounds = Math.ceil(Math.log2(size));
    const bytes = 4 * shapes[variant % 4].reduce<number>((a, b) => a * b, 1);
    const inARow = { messages: rounds, bytes: rounds * bytes };
    return { because: "a round at best doubles how many have the tensor", inARow };
  },
  hints: [
    "A rank that has the tensor can pass it on. If in every round each rank that has it gives it to one that does not, how many have it after k rounds?",
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
        "Every rank but the root receives once: n - 1, in a tree as in a star or a chain. What differs is how many happen at a time.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    const root = rootOf(world.size, variant);
    const numbers = numbersOf(seed, variant);
    const x = device.from(world.rank === root ? numbers : numbers.map(() => -1), [...shapes[variant % 4]]);
    await (answer as TreeAnswer).treeBroadcast(world, x, root);
    return [...(await x.data())];
  },
  given({ world, variant }, words) {
    const root = rootOf(world, variant);
    const isBack = new RegExp(`in send\\(.*\\) to rank ${root}\\b`).test(words);
    const hint = isBack
      ? " It receives nothing: is there a rank v + bit, or did the modulo turn it into the root?"
      : "";
    return `The root was rank ${root} of ${world}.${hint}`;
  },
  judge(outcome) {
    const { size, ranks, reports, seed, variant } = outcome;
    const root = rootOf(size, variant);
    const where = `with root ${root} of ${size}`;
    outcome.allowOnly(["send", "recv"], "The tree should be made of send and recv alone.");
    const wanted = numbersOf(seed, variant).join(", ");
    for (const rank of ranks) {
      const got = reports[rank].join(", ");
      const received = outcome.events(rank, "recv").length > 0;
      const untouched = rank !== root && reports[rank].every((number) => number === -1);
      const hint = untouched ? ` ${received ? "What it received went elsewhere" : "It received nothing"}.` : "";
      outcome.must(
        got === wanted,
        "the tensor",
        `${where}, rank ${rank} has [${got}]; it should have the root's [${wanted}].${hint}`,
      );
    }
    for (const rank of ranks) {
      const received = outcome.events(rank, "recv").length;
      const times = rank === root ? 0 : 1;
      outcome.must(
        received === times,
        "messages",
        `${where}, rank ${rank}${rank === root ? ", the root," : ""} received ${received} ${received === 1 ? "message" : "messages"}; it should be ${times}: n - 1 in all, one for every rank but the root.`,
      );
    }
    const most = Math.ceil(Math.log2(size));
    const rounds = roundsOf(outcome, root);
    const last = rounds.indexOf(Math.max(...rounds));
    if (rounds[last] <= most) return;
    throw new Wrong(
      "rounds",
      `${where}, rank ${last} has the tensor after ${rounds[last]} rounds; ${most} are enough. ${wayTo(outcome, rounds, last)} ${shapeOf(outcome, root, most)}`,
    );
  },
});

/** Whom each rank sends to, in order. */
const childrenOf = (outcome: Outcome<number[]>, rank: number): number[] =>
  outcome.events(rank, "send").map(({ peer = 0 }) => peer);

/** The round after which each rank has the tensor. */
function roundsOf(outcome: Outcome<number[]>, root: number): number[] {
  const rounds = outcome.ranks.map(() => 0);
  const serve = (rank: number): void => {
    childrenOf(outcome, rank).forEach((child, i) => {
      rounds[child] = rounds[rank] + i + 1;
      serve(child);
    });
  };
  serve(root);
  return rounds;
}

/** `On its way: 0 → 1 (round 1), 1 → 3 (round 2).` */
function wayTo(outcome: Outcome<number[]>, rounds: readonly number[], last: number): string {
  const hops: string[] = [];
  for (let to = last; rounds[to] > 0; ) {
    const from = outcome.ranks.find((rank) => childrenOf(outcome, rank).includes(to)) ?? 0;
    hops.unshift(`${from} → ${to} (round ${rounds[to]})`);
    to = from;
  }
  return `On its way: ${hops.join(", ")}.`;
}

/** What makes a tree slow: its order, or its form. */
function shapeOf(outcome: Outcome<number[]>, root: number, most: number): string {
  const { ranks } = outcome;
  const fan = ranks.reduce((a, b) => (outcome.sent(b).messages > outcome.sent(a).messages ? b : a));
  const widest = outcome.sent(fan).messages;
  if (widest > most) return `Rank ${fan} sends ${widest} messages one after the other.`;
  if (widest === 1) return "Each rank sends to one other at most: that is a chain.";
  const needed = (rank: number): number => {
    const needs = childrenOf(outcome, rank)
      .map(needed)
      .sort((a, b) => b - a);
    return Math.max(0, ...needs.map((rounds, i) => rounds + i + 1));
  };
  const least = needed(root);
  return least <= most
    ? "Which child is served first? With the child that has most to pass on first, fewer rounds are enough."
    : `Whatever child is served first, this tree takes ${least} rounds: some ranks that have the tensor stop sending too early.`;
}
