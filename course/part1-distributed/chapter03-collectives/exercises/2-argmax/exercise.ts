// Checks 3.2: value, index and rank of the largest element on every rank; ties; and that data stays where it is.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";
import { type Answer, defineExercise, draws, Wrong } from "worldsize/exercise";

interface Found {
  readonly value: number;
  readonly rank: number;
  readonly index: number;
}

interface ArgmaxAnswer extends Answer {
  argmax(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<Found>;
}

/** What every run goes through: one winner, a tie, numbers below zero, much data. */
const rounds = ["winner", "tie", "negative", "long"] as const;
type Round = (typeof rounds)[number];

/** A rank's numbers; lengths differ. */
function numbersOf(seed: number, size: number, rank: number, round: Round): number[] {
  const place = rounds.indexOf(round);
  const random = draws(seed, rank, place);
  const length = round === "long" ? 3000 + rank : 4 + rank;
  const shift = round === "negative" ? -2000 : 0;
  const numbers = Array.from({ length }, () => Math.floor(random() * 900) + shift);
  const winner = Math.floor(draws(seed, 77, place)() * size);
  const top = 1000 + shift;
  // The winner has its number twice, but for the long round, where it is the very last; in a tie, the next rank has it, too.
  if (rank === winner) numbers[length - 1] = top;
  const early = rank === winner ? round !== "long" : round === "tie" && rank === (winner + 1) % size;
  if (early) numbers[1 + (rank % 2)] = top;
  return numbers;
}

/** The lowest rank that holds the largest number, and the first place there. */
function expectedOf(all: readonly number[][]): Found {
  const value = Math.max(...all.map((numbers) => Math.max(...numbers)));
  const rank = all.findIndex((numbers) => numbers.includes(value));
  return { value, rank, index: all[rank].indexOf(value) };
}

export default defineExercise<Found[]>({
  number: "3.2",
  title: "The largest number, and whose it is",
  exports: ["argmax"],
  worlds: [1, 2, 3, 5, 8],
  hints: [
    "Three questions, three small answers: how large is the largest number, which is the lowest rank that has it, and where does it stand there? The first is one all_reduce.",
    "Once everybody knows the largest number, a rank that has it can offer its own rank, and the others something too large to win. Which reduction finds the lowest offer?",
    'const top = x.max(); await world.allReduce(top, "max"); then all_reduce(min) over rank or world.size; then the winner broadcasts its index, with the winner as root.',
  ],
  questions: [
    {
      ask: "Eight ranks, five numbers each. At least how many bytes does rank 3 send in the solution's first all_reduce, whose tensor is one f32?",
      world: 2,
      answer: (outcome) => outcome.events(0, "send").filter(({ operation }) => operation === 0)[0].bytes ?? 0,
      because: "Only the reduced number travels, 4 bytes a message, however much data the ranks hold.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const found: Found[] = [];
    for (const round of rounds) {
      const mine = numbersOf(seed, world.size, world.rank, round);
      const x = device.from(mine, [mine.length]);
      const { value, rank, index } = await (answer as ArgmaxAnswer).argmax(world, device, x);
      found.push({ value, rank, index });
    }
    return found;
  },
  judge(outcome) {
    const { size, ranks, reports, seed } = outcome;
    const words = ({ value, rank, index }: Found): string => `${value} at index ${index} of rank ${rank}`;
    rounds.forEach((round, i) => {
      const all = ranks.map((rank) => numbersOf(seed, size, rank, round));
      const right = expectedOf(all);
      for (const asked of ranks) {
        const got = reports[asked][i];
        if (got.value === right.value && got.rank === right.rank && got.index === right.index) continue;
        const hint = why(got, right, all, asked);
        throw new Wrong("the answer", `rank ${asked} says ${words(got)}; it is ${words(right)}.${hint}`);
      }
    });
    for (const rank of ranks) {
      const { bytes } = outcome.sent(rank);
      const most = 256 * size * rounds.length;
      outcome.must(
        bytes <= most,
        "bytes sent",
        `rank ${rank} sent ${bytes} bytes to find the largest of ${3000 + rank} and a few more numbers. The numbers can stay where they are: ${most} bytes are plenty.`,
      );
    }
  },
});

/** What a wrong answer hints at. */
function why(got: Found, right: Found, all: readonly number[][], asked: number): string {
  const own = Math.max(...all[asked]);
  if (got.value !== right.value) {
    if (got.value === own) return " That is its own largest: somebody must tell it of the others'.";
    return got.value === 0 ? " Zero is larger than all of them: what does the search start with?" : "";
  }
  if (got.rank !== right.rank) {
    if (all[got.rank]?.includes(right.value)) return " Of ranks that tie, the lowest wins.";
    return got.rank === asked ? " It names itself, not the owner." : " That rank does not hold it.";
  }
  if (all[right.rank][got.index] === right.value) return " Of places that tie, the first wins.";
  return " The rank is right; the index is that of another rank's number.";
}
