// Checks 2.4: no rank waits for ever, and every edge lands in the right halo of the right rank.
import type { ProcessGroup, Tensor } from "worldsize";
import { type Answer, counted, defineExercise, Wrong, wholes } from "worldsize/exercise";

interface Sides {
  readonly left: Tensor;
  readonly right: Tensor;
}

interface ExchangeAnswer extends Answer {
  exchange(world: ProcessGroup, edges: Sides, halo: Sides): Promise<void>;
}

const sides = ["left", "right"] as const;
type Side = (typeof sides)[number];
const lengthOf = (variant: number): number => [2, 1, 33, 3000][variant % 4];
/** Halves, so that no whole number will do; no two edges have a value in common. */
const edgeOf = (seed: number, rank: number, side: number, variant: number): number[] =>
  wholes(seed, lengthOf(variant), rank, side).map((number) => 32 * (number % 4096) + 2 * rank + side + 0.5);

interface Report {
  readonly halo: Record<Side, readonly number[]>;
  /** Afterwards. */
  readonly edges: Record<Side, readonly number[]>;
  /** Whether the object still has the tensors that it had. */
  readonly kept: Record<Side, boolean>;
}

export default defineExercise<Report>({
  number: "2.4",
  title: "Repair a deadlock",
  exports: ["exchange"],
  worlds: [2, 3, 5, 8],
  interleavings: 3,
  hints: [
    "Run it and read the report: who waits for whom? A send completes when its receive has taken the bytes, and here no rank reaches its receive.",
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
    const handed = { ...halo };
    await (answer as ExchangeAnswer).exchange(world, { ...edges }, handed);
    const read = async ({ left, right }: Sides) => ({
      left: (await left.toArray()) as number[],
      right: (await right.toArray()) as number[],
    });
    const kept = { left: handed.left === halo.left, right: handed.right === halo.right };
    return { halo: await read(halo), edges: await read(edges), kept };
  },
  judge(outcome) {
    const { size, ranks, reports, seed, variant } = outcome;
    outcome.allowOnly(["send", "recv"], "Neighbours talk to each other here: send and recv are enough.");
    const edge = (rank: number, side: number): string => edgeOf(seed, rank, side, variant).join();
    const edges = ranks.flatMap((rank) => sides.map((name, side) => ({ rank, name, values: edge(rank, side) })));
    for (const rank of ranks) {
      for (const [side, name] of sides.entries()) {
        const neighbour = (rank + (side === 0 ? size - 1 : 1)) % size;
        const halo = reports[rank].halo[name];
        const got = halo.join();
        if (got === edge(neighbour, 1 - side)) continue;
        const found = edges.find(({ values }) => values === got);
        const holds = found
          ? `${found.rank === rank ? "its own" : `rank ${found.rank}'s`} ${found.name} edge`
          : halo.every((x) => x === 0)
            ? "nothing: zeros"
            : `${listOf(halo)}, which is no rank's edge`;
        const received = outcome.events(rank, "recv").length;
        const hint = !reports[rank].kept[name]
          ? ` halo.${name} is another tensor now; the values belong in the one that was handed over.`
          : size === 2 && received === 2 && got === edge(neighbour, side)
            ? " Was the wrong edge sent, or did it match the wrong receive? On 2 ranks they match in the order of the calls, unless " +
              "tags tell them apart."
            : received < 2
              ? ` It received ${counted(received, "message")}; it should receive two.`
              : "";
        throw new Wrong(
          "the halos",
          `rank ${rank}'s ${name} halo holds ${holds}; it should hold rank ${neighbour}'s ${sides[1 - side]} edge${found || halo.length > 4 ? "" : `, [${edgeOf(seed, neighbour, 1 - side, variant).join(", ")}]`}, in a ring of ${size}.${hint}`,
        );
      }
    }
    for (const rank of ranks) {
      for (const [side, name] of sides.entries()) {
        const before = edgeOf(seed, rank, side, variant);
        const after = reports[rank].edges[name];
        const i = before.findIndex((number, at) => number !== after[at]);
        const message = `rank ${rank} of ${size} has other values in its ${name} edge than before: element ${i} was ${before[i]} and is ${after[i]}.`;
        outcome.must(i < 0, "the edges", `${message} Only the halos may be written to.`);
      }
      const left = (rank + size - 1) % size;
      const right = (rank + 1) % size;
      const sends = outcome.events(rank, "send");
      const bytes = 4 * lengthOf(variant);
      outcome.must(
        sends.length === 2,
        "messages",
        `rank ${rank} of ${size} sent ${counted(sends.length, "message")}, of ${sends.map((sent) => sent.bytes).join(", ") || "no"} bytes; it should be two, one to either side.`,
      );
      const to = sends.map(({ peer = -1 }) => peer);
      outcome.must(
        to.includes(left) && to.includes(right),
        "messages",
        `rank ${rank} of ${size} sent two messages to rank ${to[0]}${to[1] === to[0] ? "" : ` and rank ${to[1]}`}; ` +
          `it should be one to rank ${left} and one to rank ${right}.`,
      );
      const odd = sends.find((sent) => sent.bytes !== bytes);
      outcome.must(
        odd === undefined,
        "messages",
        `rank ${rank} of ${size} sent a message of ${counted(odd?.bytes ?? 0, "byte")} to rank ${odd?.peer}; an edge has ${bytes}.`,
      );
    }
  },
});

/** `[0.5, 3]`; of a long list its beginning. */
function listOf(halo: readonly number[]): string {
  return `[${halo.slice(0, 4).join(", ")}${halo.length > 4 ? ", …" : ""}]`;
}
