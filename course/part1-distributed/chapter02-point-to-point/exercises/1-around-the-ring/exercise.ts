// Checks 2.1: every rank's list, the neighbours, and n - 1 messages of one i32.
import type { ProcessGroup, TensorDevice } from "worldsize";
import { type Answer, counted, defineExercise, formed, Wrong, wholes } from "worldsize/exercise";

interface RingAnswer extends Answer {
  ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]>;
}

/** The first two runs of every world: numbers that f32 does not hold, and numbers that several ranks have. */
const fixed = [
  [16_777_217, -3, 40, 2_147_483_647, 1_000_001, -2_147_483_648, 7, 12],
  [4, 4, -9, 4, 0, -9, 4, 4],
];
const numberOf = (seed: number, rank: number, variant: number): number =>
  fixed[variant]?.[rank] ?? wholes(seed, 1, rank)[0];

export default defineExercise({
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
  async run(answer, { context: { world, device }, seed, variant }) {
    return (answer as RingAnswer).ringGather(world, device, numberOf(seed, world.rank, variant));
  },
  judge(outcome) {
    const { size, ranks, reports, seed, variant } = outcome;
    outcome.allowOnly(["send", "recv"], "The ring should be made of send and recv alone.");
    const all = ranks.map((rank) => numberOf(seed, rank, variant));
    for (const rank of ranks) {
      const odd = outcome.calls(rank).find(({ text }) => !/^\w+\(i32\[(1(,1)*)?\]/.test(text));
      outcome.must(
        odd === undefined,
        "one i32 per message",
        `rank ${rank} of ${size} called ${odd?.text}${odd?.site && ` (${odd.site})`}; ` +
          "each message should be one number of dtype i32.",
      );
    }
    for (const rank of ranks) {
      const right = (rank + 1) % size;
      const astray = outcome.events(rank, "send").find(({ peer }) => peer !== right)?.peer;
      outcome.must(
        astray === undefined,
        "the ring",
        `rank ${rank} of ${size} sent to rank ${astray}; it may send to its right neighbour only, rank ${right}.`,
      );
    }
    const twins = new Set(all).size < size ? " Several ranks have the same number here." : "";
    for (const rank of ranks) {
      const where = `rank ${rank} of ${size}`;
      const got = formed<number[]>(reports[rank], ["number"], `on ${where}, ringGather(world, device, ${all[rank]})`);
      outcome.must(
        got.length === size,
        "the list",
        `${where} returned a list of ${counted(got.length, "number")}; it should be one number of each rank.${twins}`,
      );
      const i = got.findIndex((number, at) => number !== all[at]);
      if (i >= 0) {
        throw new Wrong(
          "the list",
          `on ${where}, element ${i} is ${got[i]}, which is ${whose(got[i], all)} number; ` +
            `it should be rank ${i}'s, ${all[i]}.${pattern(got, all)}`,
        );
      }
    }
    for (const rank of ranks) {
      const sends = outcome.events(rank, "send");
      outcome.must(
        sends.length === size - 1,
        "messages",
        `rank ${rank} of ${size} sent ${counted(sends.length, "message")}; n - 1 steps are ` +
          `${counted(size - 1, "message")} from each rank.`,
      );
    }
  },
});

/** `rank 2's`, `rank 0's and rank 1's`, `no rank's` */
function whose(number: number, all: readonly number[]): string {
  const owners = all.flatMap((each, rank) => (each === number ? [`rank ${rank}'s`] : []));
  return owners.join(" and ") || "no rank's";
}

/** What the whole list shows. */
function pattern(got: readonly number[], all: readonly number[]): string {
  const times = (list: readonly number[], number: number): number => list.filter((each) => each === number).length;
  if (all.every((number) => times(got, number) === times(all, number))) {
    return " All numbers are there, in another order: what arrives in step s has travelled s links.";
  }
  const often = got.find((number) => all.includes(number) && times(got, number) > times(all, number));
  return often === undefined
    ? ""
    : ` The number ${often} appears too often: does every step pass on what came in the step before?`;
}
