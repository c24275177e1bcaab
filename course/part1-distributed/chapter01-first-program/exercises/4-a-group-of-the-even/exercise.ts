// Checks 1.4: the sum, who takes part in it, and that it is made in a group of the even ranks.
import type { ProcessGroup, TensorDevice } from "worldsize";
import {
  type Answer,
  defineExercise,
  explainSum,
  formed,
  plainOf,
  type Watched,
  Wrong,
  watch,
  wholes,
  wordsOfValue,
} from "worldsize/exercise";

interface EvenAnswer extends Answer {
  evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined>;
}

interface Report {
  readonly returned: unknown;
  readonly calls: readonly Watched[];
  /** World ranks of the groups that were made and have this rank. */
  readonly made: readonly (readonly number[])[];
}

/** Each rank's value: fixed at first, halves among them; then nothing but zeros in small worlds; then drawn. */
function inputOf(size: number, variant: number, seed: number, rank: number): number {
  if (variant === 0) return rank % 4 === 2 ? -(3 ** rank) : 3 ** rank + 0.5;
  return variant === 1 && size < 3 ? 0 : wholes(seed, 1, rank)[0] + 0.5;
}

const isEven = (rank: number): boolean => rank % 2 === 0;

export default defineExercise<Report>({
  number: "1.4",
  title: "A group of the even ranks",
  exports: ["evenSum"],
  worlds: [1, 2, 3, 5, 8],
  hints: [
    "split and newGroup are collectives of the group they are called on. Who has to call them?",
    "color = rank % 2 === 0 ? 0 : undefined gives the even ranks a group and the odd ones none. What does split return to a rank without a color?",
    "const group = await world.split(rank % 2 === 0 ? 0 : undefined); if (!group) return undefined; then allReduce on group, not on world.",
  ],
  questions: [
    {
      ask: "On 5 ranks, how many ranks call allReduce in the solution?",
      world: 5,
      answer: (outcome) => outcome.ranks.filter((rank) => outcome.calls(rank, "allReduce").length > 0).length,
      because: "Ranks 0, 2 and 4. Within the group they are ranks 0, 1 and 2: a group has ranks of its own.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    const watched = watch(world);
    const value = inputOf(world.size, variant, seed, world.rank);
    const returned = plainOf(await (answer as EvenAnswer).evenSum(watched.world, device, value));
    return { returned, calls: await watched.calls(), made: watched.made };
  },
  given: (_, words) =>
    /\brank \d*[13579] returned, but|for rank \d*[13579] in/.test(words)
      ? "Odd ranks take no part: which color does each of them give to split?"
      : "",
  judge(outcome) {
    const { size, ranks, reports, seed, variant } = outcome;
    const values = ranks.map((rank) => inputOf(size, variant, seed, rank));
    const even = ranks.filter(isEven);
    const expected = even.reduce((sum, rank) => sum + values[rank], 0);
    for (const rank of ranks) {
      const { returned, calls } = reports[rank];
      if (!isEven(rank)) {
        if (returned !== undefined)
          throw new Wrong(
            "odd ranks",
            `rank ${rank} is odd and returned ${wordsOfValue(returned)}; it should return undefined.`,
          );
        judgeCalls(rank, calls);
        continue;
      }
      if (returned === undefined)
        throw new Wrong(
          "even ranks",
          `rank ${rank} is even and returned undefined; it should return the sum, ${expected}.`,
        );
      const got = formed<number>(returned, "number", `the result of rank ${rank}, which is even,`);
      if (got !== expected) {
        const why = explained(got, values);
        const sum =
          even.length === 1
            ? `the value of rank 0 alone is ${expected}`
            : `the values of ranks ${even.join(", ")} add up to ${expected}`;
        const isMean = even.length > 1 && got * even.length === expected;
        const lost = got === Math.trunc(expected) ? " Were the fractions lost?" : "";
        const hint = why ? ` ${why}.` : isMean ? " That is their mean." : lost;
        throw new Wrong("the sum", `rank ${rank} returned ${got}; ${sum}.${hint}`);
      }
    }
    if (size > 2) for (const rank of even) judgeGroup(rank, even, reports[rank]);
  },
});

/** What a wrong sum is made of: of even ranks' values, or of all ranks'. */
function explained(sum: number, values: readonly number[]): string | undefined {
  const mine = explainSum(
    sum,
    values.filter((_, rank) => isEven(rank)),
  );
  if (mine) return `Of the even ranks' numbers, ${mine.replace(/rank (\d+)/g, (_, i) => `rank ${2 * Number(i)}`)}`;
  const all = explainSum(sum, values);
  return all && `Of all ranks' numbers, ${all}`;
}

/** @throws Wrong when an odd rank does something in a group that has even ranks, other than making groups. */
function judgeCalls(rank: number, calls: readonly Watched[]): void {
  const part = calls.find(({ kind, group }) => group.some(isEven) && !["split", "newGroup", "barrier"].includes(kind));
  if (!part) return;
  throw new Wrong(
    "odd ranks",
    `rank ${rank} is odd and took part in ${part.kind} of a group that has even ranks (ranks ${part.group.join(", ")}). Let a group of the even ranks do that alone.`,
  );
}

/** @throws Wrong when an even rank has no group of the even ranks, or sums in another. */
function judgeGroup(rank: number, even: readonly number[], { calls, made }: Report): void {
  const wanted = `the group that sums should have the even ranks only: ${even.join(", ")}`;
  const sums = calls.filter(({ kind }) => !["split", "newGroup", "barrier"].includes(kind));
  const other = sums.find(({ group }) => !group.every(isEven));
  if (other)
    throw new Wrong(
      "the group",
      `rank ${rank} called ${other.kind} on a group of ranks ${other.group.join(", ")}; ${wanted}.`,
    );
  if (made.some((group) => [...group].sort((a, b) => a - b).join() === even.join())) return;
  const groups = made.map((group) => `ranks ${group.join(", ")}`).join(" and of ");
  throw new Wrong("the group", `rank ${rank} made ${groups ? `a group of ${groups}` : "no group"}; ${wanted}.`);
}
