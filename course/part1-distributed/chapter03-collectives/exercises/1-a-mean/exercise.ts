// Checks 3.1: the mean of unevenly spread numbers on every rank, and that they stay where they are.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";
import { type Answer, defineExercise, draws, Wrong } from "worldsize/exercise";

interface MeanAnswer extends Answer {
  mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number>;
}

/** Small whole numbers around the rank, so that ranks' means differ; rank 1 holds none. */
function numbersOf(seed: number, rank: number): number[] {
  const random = draws(seed, rank);
  const length = rank === 1 ? 0 : 700 * (rank + 1) + Math.floor(random() * 10);
  return Array.from({ length }, () => 10 * rank + Math.floor(random() * 8));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const average = (numbers: readonly number[]): number => sum(numbers) / numbers.length;

export default defineExercise<number | null>({
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
      ask: "Two ranks. How many bytes does rank 0 send in the solution?",
      world: 2,
      answer: (outcome) => outcome.sent(0).bytes,
      because: "Sum and count, 4 bytes each, to the one other rank.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const mine = numbersOf(seed, world.rank);
    return (answer as MeanAnswer).mean(world, device, device.from(mine, [mine.length]));
  },
  judge(outcome) {
    const { size, ranks, reports, seed } = outcome;
    const all = ranks.map((rank) => numbersOf(seed, rank));
    const total = sum(all.flat());
    const right = average(all.flat());
    const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b));
    for (const rank of ranks) {
      const got = reports[rank];
      if (typeof got === "number" && close(got, right)) continue;
      const own = all[rank];
      const means = all.filter((numbers) => numbers.length > 0).map(average);
      const guesses: [number, string][] = [
        [
          total / (own.length * size),
          "It divides by this rank's count times the number of ranks: they hold different amounts.",
        ],
        [average(means), "That is the mean of the ranks' means, which counts every rank alike, however much it holds."],
        [
          sum(means) / size,
          "That is the mean of the ranks' means, which counts every rank alike, even one that holds nothing.",
        ],
        [own.length > 0 ? average(own) : Number.NaN, "That is this rank's own mean: the others' numbers are missing."],
        [total / size, "It divides by the number of ranks, not of numbers."],
      ];
      const nothing = "No number at all: what is the mean of a rank that holds nothing?";
      const hint = got === null ? nothing : (guesses.find(([guess]) => close(got, guess))?.[1] ?? "");
      throw new Wrong(
        "the mean",
        `rank ${rank} returned ${got}; the mean of all ${all.flat().length} numbers is ${right}. ${hint}`.trim(),
      );
    }
    for (const rank of ranks) {
      const { bytes } = outcome.sent(rank);
      outcome.must(
        bytes <= 64 * size,
        "bytes sent",
        `rank ${rank} sent ${bytes} bytes. A sum and a count are enough; the numbers can stay where they are.`,
      );
    }
  },
});
