// Checks 3.1: the mean of unevenly spread numbers on every rank, that they stay where they are, and as they are.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";
import { type Answer, changeOf, defineExercise, draws, formed, Wrong } from "worldsize/exercise";

interface MeanAnswer extends Answer {
  mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number>;
}

/** By rank. Means, counts and sums all differ; fractions, zeros, equals and numbers below zero are there, too. */
const few: readonly (readonly number[])[] = [
  [1, -2, 4008.75, 0],
  [10.25, 12],
  [-4, 0, 0, 6.5, 8],
  [100, -0.5, 3],
  [7, 7, 7, 0.75, 2, 2],
];

/** Who holds what: known numbers, with and without ranks that hold none, and thousands of drawn ones. */
const rounds = {
  few: (_seed, rank) => few[rank],
  "rank 1 holds none": (_seed, rank) => (rank === 1 ? [] : few[rank]),
  "rank 0 holds none": (_seed, rank, size) => (rank === 0 && size > 1 ? [] : few[rank]),
  "only the last holds any": (_seed, rank, size) => (rank === size - 1 ? few[rank] : []),
  thousands(seed, rank) {
    const random = draws(seed, rank);
    const length = 1000 * (rank + 1) + Math.floor(random() * 10);
    return Array.from({ length }, () => 10 * rank + 0.5 * Math.floor(random() * 24) - 3);
  },
} satisfies Record<string, (seed: number, rank: number, size: number) => readonly number[]>;

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const average = (numbers: readonly number[]): number => sum(numbers) / numbers.length;
const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b));

/** Bytes that a rank may send to each in a round: a sum, a count, and what an object needs around them. */
const ENOUGH = 64;

interface Report {
  readonly mean: number;
  readonly change?: string;
}

export default defineExercise<readonly Report[]>({
  number: "3.1",
  title: "A mean over all ranks",
  exports: ["mean"],
  worlds: [1, 2, 3, 5],
  hints: [
    "A mean is a sum divided by a count. Which of the two does each rank know, and which do they know together?",
    "Put the rank's sum and its count into one tensor of two elements: one all_reduce adds up both.",
    'const total = device.tensor([await x.sum().item(), x.size]); await world.allReduce(total, "sum"); and divide the first by the second. The sum of no numbers is 0.',
  ],
  questions: [
    {
      ask: "Two ranks, one mean. How many bytes does rank 0 send in the solution?",
      world: 2,
      answer: (outcome) => outcome.sent(0).bytes / Object.keys(rounds).length,
      because: "Sum and count, 4 bytes each, to the one other rank.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const reports: Report[] = [];
    for (const numbersOf of Object.values(rounds)) {
      const mine = numbersOf(seed, world.rank, world.size);
      const x = device.from(mine, [mine.length]);
      const mean = await (answer as MeanAnswer).mean(world, device, x);
      reports.push({ mean, change: await changeOf(x, mine) });
    }
    return reports;
  },
  judge(outcome) {
    const { size, ranks, reports, seed } = outcome;
    for (const [i, [round, numbersOf]] of Object.entries(rounds).entries()) {
      const all = ranks.map((rank) => numbersOf(seed, rank, size));
      const right = average(all.flat());
      for (const rank of ranks) {
        const { mean } = reports[rank][i];
        const got = formed<number>(mean, "number", `what rank ${rank} of ${size} returned (${holdings(round, all)})`);
        if (close(got, right)) continue;
        const about = `the mean of ${all.flat().length} numbers: ${holdings(round, all)}`;
        const hint = whyNot(got, all, rank);
        throw new Wrong("the mean", `rank ${rank} of ${size} returned ${got}; it should be ${right}, ${about}.${hint}`);
      }
    }
    for (const rank of ranks) {
      const changed = reports[rank].findIndex(({ change }) => change !== undefined);
      const { change = "" } = reports[rank][changed] ?? {};
      outcome.must(
        change === "",
        "x stays",
        `on rank ${rank} of ${size}, ${change} after the call: x is the caller's.`,
      );
      const { bytes } = outcome.sent(rank);
      const most = ENOUGH * size * reports[rank].length;
      outcome.must(
        bytes <= most,
        "bytes sent",
        `rank ${rank} of ${size} sent ${bytes} bytes for ${reports[rank].length} means. A sum and a count are enough for each; the numbers can stay where they are.`,
      );
    }
  },
});

/** `rank 0 holds [1, 2], rank 1 holds none`, or how many each. */
function holdings(round: string, all: readonly (readonly number[])[]): string {
  if (round === "thousands") return `the ranks hold ${all.map((numbers) => numbers.length).join(", ")}`;
  const list = (numbers: readonly number[]): string => (numbers.length > 0 ? `[${numbers.join(", ")}]` : "none");
  return all.map((numbers, rank) => `rank ${rank} holds ${list(numbers)}`).join(", ");
}

/** What a wrong mean hints at; nothing where it could be several things. */
function whyNot(got: number, all: readonly (readonly number[])[], rank: number): string {
  const own = all[rank];
  const held = all.filter((numbers) => numbers.length > 0);
  const [total, count] = [sum(all.flat()), all.flat().length];
  if (Number.isNaN(got)) {
    return held.length < all.length ? " The mean of no numbers is NaN, but their sum is 0, and so is their count." : "";
  }
  const guesses: [number, string][] = [
    [sum(held.map(average)) / held.length, "That is the mean of the ranks' means: it counts every rank alike."],
    [
      held.length < all.length ? sum(held.map(average)) / all.length : Number.NaN,
      "That is the mean of the ranks' means, 0 where there are no numbers: it counts every rank alike.",
    ],
    [
      total / (own.length * all.length),
      "That divides by this rank's count times the ranks: they hold different amounts.",
    ],
    [average(own), "That is this rank's own mean: the others' numbers are missing."],
    [total / own.length, "That divides the sum of all by this rank's own count."],
    [sum(own) / count, "That divides this rank's own sum by the count of all."],
    [total / (all.flat().filter((number) => number !== 0).length || Number.NaN), "That does not count the zeros."],
    [total / all.length, "That divides by the number of ranks, not of numbers."],
    [total, "That is the sum of all, not divided by anything."],
    [
      sum(held.map((numbers) => Math.trunc(sum(numbers)))) / count,
      "Fractions were lost: which dtype carries the sums?",
    ],
  ];
  const fitting = [...new Set(guesses.filter(([guess]) => close(got, guess)).map(([, words]) => words))];
  if (fitting.length > 0) return fitting.length === 1 ? ` ${fitting[0]}` : "";
  const near = Math.abs(got - total / count) < 0.01 * Math.abs(total / count);
  return near ? " It is near: f32 holds these sums exactly; which dtype carries them?" : "";
}
