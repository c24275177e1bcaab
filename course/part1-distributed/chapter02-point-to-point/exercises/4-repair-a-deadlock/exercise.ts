// Checks 2.4: nobody waits for ever, and every edge lands in the right halo of the right rank.
import type { ProcessGroup, Tensor } from "worldsize";
import { type Answer, defineExercise, Wrong, wholes } from "worldsize/exercise";

interface Sides {
  readonly left: Tensor;
  readonly right: Tensor;
}

interface ExchangeAnswer extends Answer {
  exchange(world: ProcessGroup, edges: Sides, halo: Sides): Promise<void>;
}

const sides = ["left", "right"] as const;
const lengthOf = (variant: number): number => [2, 1, 33, 3000][variant % 4];
const edgeOf = (seed: number, rank: number, side: number, variant: number): number[] =>
  wholes(seed, lengthOf(variant), rank, side);

export default defineExercise<Record<(typeof sides)[number], number[]>>({
  number: "2.4",
  title: "Repair a deadlock",
  exports: ["exchange"],
  worlds: [2, 3, 5, 8],
  interleavings: 3,
  hints: [
    "Run it and read the report: who waits for whom? A send completes when its receive has taken the bytes, and here nobody comes to its receive.",
    "Three cures: let some ranks receive first; start receives before sends and await them later; or start all four operations and await them together. The last is the shortest.",
    "await Promise.all([world.send(edges.right, right), world.send(edges.left, left), world.recv(halo.left, left), world.recv(halo.right, right)]). With two ranks both neighbours are the same rank: then messages match in the order they were sent, unless tags tell them apart.",
  ],
  questions: [
    {
      ask: "Five ranks in a ring exchange both edges. How many messages does the solution send in all?",
      world: 5,
      answer: (outcome) => outcome.ranks.reduce((sum, rank) => sum + outcome.sent(rank).messages, 0),
      because: "Each rank sends two: one to either side.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    const length = lengthOf(variant);
    const edge = (side: number): Tensor => device.from(edgeOf(seed, world.rank, side, variant), [length]);
    const edges = { left: edge(0), right: edge(1) };
    const halo = { left: device.zeros([length]), right: device.zeros([length]) };
    await (answer as ExchangeAnswer).exchange(world, edges, halo);
    return { left: (await halo.left.toArray()) as number[], right: (await halo.right.toArray()) as number[] };
  },
  judge(outcome) {
    const { size, ranks, reports, seed, variant } = outcome;
    outcome.allowOnly(["send", "recv"], "Neighbours talk to each other here: send and recv are enough.");
    const edge = (rank: number, side: number): string => edgeOf(seed, rank, side, variant).join();
    for (const rank of ranks) {
      for (const [side, name] of sides.entries()) {
        const neighbour = (rank + (side === 0 ? size - 1 : 1)) % size;
        const got = reports[rank][name].join();
        if (got === edge(neighbour, 1 - side)) continue;
        const whose = ranks.flatMap((r) =>
          sides.flatMap((s, i) => (edge(r, i) === got ? [`rank ${r}'s ${s} edge`] : [])),
        );
        const holds = whose[0] ?? (reports[rank][name].every((x) => x === 0) ? "nothing: zeros" : "no edge of anybody");
        throw new Wrong(
          "the halos",
          `rank ${rank}'s ${name} halo holds ${holds}; it should hold rank ${neighbour}'s ${sides[1 - side]} edge.`,
        );
      }
    }
    for (const rank of ranks) {
      const { messages, bytes } = outcome.sent(rank);
      const wanted = 2 * lengthOf(variant) * 4;
      outcome.must(
        messages === 2 && bytes === wanted,
        "messages",
        `rank ${rank} sent ${messages} messages of ${bytes} bytes together. Two are enough, one to each side, of ${wanted} bytes together.`,
      );
    }
  },
});
