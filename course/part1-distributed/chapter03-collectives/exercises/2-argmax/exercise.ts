// Checks 3.2: value, rank and index of the largest number on every rank; ties; and that the data stays where it is.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";
import { type Answer, changeOf, defineExercise, draws, formed, Wrong } from "worldsize/exercise";

interface Found {
  readonly value: number;
  readonly rank: number;
  readonly index: number;
}

interface ArgmaxAnswer extends Answer {
  argmax(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<Found>;
}

/** What every run goes through. Only the last two are drawn anew. */
interface Round {
  readonly what: string;
  /** Who holds the largest number, and where: by world size. */
  at(size: number, random: () => number): readonly (readonly [rank: number, index: number])[];
  readonly top?: number;
  /** What is done to every number, in the order it keeps. */
  readonly change?: (number: number) => number;
  readonly length?: number;
  readonly drawn?: boolean;
}

const below = (number: number): number => number - 3000;
const rounds: readonly Round[] = [
  { what: "one largest number", at: (size) => [[size - 1, 2]] },
  {
    what: "a tie of first and last rank",
    at: (size) => [
      [0, 0],
      [size - 1, 2],
    ],
  },
  { what: "a tie of ranks", at: (size) => [size > 2 ? [1, 3] : [0, 3], [size - 1, 2]] },
  { what: "a tie within a rank", at: (size) => [2, 3].map((index) => [size >> 1, index]) },
  { what: "all below zero", at: (size) => [[size - 1, 0]], change: below },
  { what: "all far below zero", at: (size) => [[size >> 1, 2]], change: (number) => below(number) * 2 ** 100 },
  { what: "large whole numbers", at: () => [[0, 3]], top: 2 ** 24 - 1 },
  {
    what: "thousands of numbers",
    at: (size, random) => [Math.floor(random() * size)].map((rank) => [rank, 6000 + rank]),
    length: 6001,
    drawn: true,
  },
  {
    what: "numbers drawn by the seed",
    at: (size, random) => [0, 1].map(() => [Math.floor(random() * size), Math.floor(random() * 4)]),
    drawn: true,
  },
];

/** By rank; lengths differ. Halves from 0 to 899.5, a large one below zero, and the largest where it should be. */
function numbersOf(seed: number, size: number, round: Round): number[][] {
  const { at, length = 4, top = 1000.25, change = (number) => number, drawn = false } = round;
  const chosen = drawn ? seed + rounds.indexOf(round) : rounds.indexOf(round);
  const all = Array.from({ length: size }, (_, rank) => {
    const random = draws(chosen, rank);
    const numbers = Array.from({ length: length + rank }, () => 0.5 * Math.floor(random() * 1800));
    return numbers.with(1, rank - 2000);
  });
  if (round.top !== undefined) all[size - 1][2] = round.top - 1; // so close that no packed number can hold the difference
  for (const [rank, index] of at(size, draws(chosen, 77))) all[rank][index] = top;
  return all.map((numbers) => numbers.map(change));
}

/** The lowest rank that holds the largest number, and the first place there. */
function expectedOf(all: readonly number[][]): Found {
  const value = Math.max(...all.map((numbers) => Math.max(...numbers)));
  const rank = all.findIndex((numbers) => numbers.includes(value));
  return { value, rank, index: all[rank].indexOf(value) };
}

interface Report {
  readonly found: Found;
  readonly change?: string;
}

export default defineExercise<readonly Report[]>({
  number: "3.2",
  title: "The largest number, and whose it is",
  exports: ["argmax"],
  worlds: [1, 2, 3, 6],
  hints: [
    "Three questions, three small answers: how large is the largest number, which is the lowest rank that has it, and what is its index there? The first is one all_reduce.",
    "Once every rank knows the largest number, a rank that has it can offer its own rank, and the others something too large to win. Which reduction finds the lowest offer?",
    'const top = x.max(); await world.allReduce(top, "max"); then all_reduce(min) over rank or world.size; then the winner broadcasts its index, with the winner as root.',
  ],
  questions: [
    {
      ask: "Two ranks, five numbers each. How many bytes has the first message that rank 0 sends in the solution's first all_reduce?",
      world: 2,
      answer: (outcome) => outcome.events(0, "send").filter(({ operation }) => operation === 0)[0].bytes ?? 0,
      because: "Only the reduced number travels, 4 bytes per message, however much data the ranks hold.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const reports: Report[] = [];
    for (const round of rounds) {
      const mine = numbersOf(seed, world.size, round)[world.rank];
      const x = device.from(mine, [mine.length]);
      const found = await (answer as ArgmaxAnswer).argmax(world, device, x);
      reports.push({ found, change: await changeOf(x, mine) });
    }
    return reports;
  },
  judge(outcome) {
    const { size, ranks, reports, seed } = outcome;
    const words = ({ value, rank, index }: Found): string => `${value} at index ${index} of rank ${rank}`;
    for (const [i, round] of rounds.entries()) {
      const all = numbersOf(seed, size, round);
      const right = expectedOf(all);
      const isRight = ({ value, rank, index }: Found): boolean =>
        value === right.value && rank === right.rank && index === right.index;
      for (const asked of ranks) {
        const { found, change } = reports[asked][i];
        const what = `${round.what}: on rank ${asked} of ${size}, argmax(world, device, x)`;
        const got = formed<Found>(found, { value: "number", rank: "number", index: "number" }, what);
        if (!isRight(got)) {
          const others = ranks.filter((other) => other < asked && isRight(reports[other][i].found));
          const hint =
            why(got, right, all, asked) || (others.length > 0 ? " Every rank should say what rank 0 says." : "");
          const says = `${round.what}: rank ${asked} of ${size} says ${words(got)}; it is ${words(right)}`;
          throw new Wrong("the answer", `${says}.${hint}${holdings(all)}`);
        }
        const changed = `${round.what}: on rank ${asked} of ${size}, ${change} after the call: x is the caller's.`;
        outcome.must(change === undefined, "x stays", changed);
      }
    }
    for (const rank of ranks) {
      const { bytes } = outcome.sent(rank);
      const most = 256 * size * rounds.length;
      outcome.must(
        bytes <= most,
        "bytes sent",
        `rank ${rank} of ${size} sent ${bytes} bytes to find the largest of ${6001 + rank} and a few more numbers. The numbers can stay where they are: ${most} bytes are plenty.`,
      );
    }
  },
});

/** ` Rank 0 holds [1, 2].` where that is short. */
function holdings(all: readonly (readonly number[])[]): string {
  if (all.flat().length > 20) return "";
  return ` ${all.map((numbers, rank) => `Rank ${rank} holds [${numbers.join(", ")}].`).join(" ")}`;
}

/** What a wrong answer hints at; nothing where it could be several things. */
function why(got: Found, right: Found, all: readonly number[][], asked: number): string {
  if (got.value !== right.value) {
    if (all.length > 1 && got.value === Math.max(...all[asked])) {
      return " That is its own largest: it must learn of the others'.";
    }
    if (got.value === Math.min(...all.flat())) return " That is the smallest of all.";
    if (got.value === Math.trunc(right.value)) return " Its fraction is lost: which dtype carries it?";
    const near = Math.abs(got.value - right.value) < 0.01 * Math.abs(right.value);
    if (all.flat().includes(got.value)) return "";
    if (near) return " It is near: which dtype carries it?";
    return got.value > right.value ? ` No rank holds ${got.value}: what does the search start with?` : "";
  }
  if (got.rank !== right.rank) {
    if (all[got.rank] === undefined) return ` Ranks go from 0 to ${all.length - 1}.`;
    if (all[got.rank].includes(right.value))
      return ` Of ranks that tie, the lowest wins.${right.index === 0 ? " An index of 0 is an index like any other." : ""}`;
    return got.rank === asked ? " It names itself, not the owner." : ` Rank ${got.rank} does not hold it.`;
  }
  const holder = all[right.rank];
  if (holder[got.index] === right.value) return " Of places that tie, the first wins.";
  const before = all.slice(0, right.rank).flat().length;
  if (before > 0 && got.index === right.index + before)
    return " Count the index in that rank's own x, without those of the ranks before it.";
  if (got.index === -1 && asked !== right.rank) {
    return ` Rank ${asked} does not hold it: -1 is what indexOf says then. Its owner knows the index.`;
  }
  if (asked !== right.rank && got.index === all[asked].indexOf(Math.max(...all[asked]))) {
    return ` The rank is right; the index is where rank ${asked}'s own largest stands.`;
  }
  const near = right.index > 1000 && Math.abs(got.index - right.index) < 0.01 * right.index;
  return near
    ? " The index is near: does what carries it hold all its digits?"
    : " The rank is right, the index is not.";
}
