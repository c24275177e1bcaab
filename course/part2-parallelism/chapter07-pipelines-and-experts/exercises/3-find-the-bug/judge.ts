// What the judge of 7.3 looks at: the gradient of every stage's weight and of the tied table, on every rank that has it; then the
// loss, and its inputs afterwards.
import { formed, type Outcome, short, Wrong } from "worldsize/exercise";
import { casesOf, type Matrix, type Part, partsOf } from "./model.ts";

interface Run {
  readonly loss: unknown;
  /** Of this rank's weight, row by row. */
  readonly weight: readonly number[] | null;
  /** Of the table, at the first and the last rank. */
  readonly table: readonly number[] | null;
  /** The first change in an input. */
  readonly changed: string | undefined;
}

export interface Report {
  readonly runs: readonly Run[];
}

type Seen = Outcome<Report>;

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 3e-5 + 3e-5 * Math.abs(b);
const alike = (got: readonly number[], wanted: readonly number[]): boolean =>
  got.length === wanted.length && got.every((value, i) => near(value, wanted[i]));

/** A sum of parts, each times a factor. */
function sumOf(parts: readonly Part[], of: (part: Part) => Matrix, factor: (part: Part) => number): number[] {
  const sum = of(parts[0])
    .flat()
    .map(() => 0);
  for (const part of parts) for (const [i, value] of of(part).flat().entries()) sum[i] += factor(part) * value;
  return sum;
}

/** @throws Wrong for the first gradient that is not that of the mean loss over all tokens of the step. */
export function judgeGradients({ seed, size, ranks, reports }: Seen, at: number): void {
  const given = casesOf(seed, size)[at];
  const parts = partsOf(given);
  const count = parts.reduce((sum, { tokens }) => sum + tokens, 0);
  const check = (rank: number, name: "weight" | "table", shares: readonly Share[]): void => {
    const what = `${given.words}, on rank ${rank} of ${size}: `;
    const got = reports[rank].runs[at][name];
    const wanted = sumOf(parts, shares[0].of, () => 1 / count);
    if (!got) throw new Wrong("the gradients", `${what}${name} has no gradient (null) after the step.`);
    const i = wanted.findIndex((value, e) => !near(got[e], value));
    if (i < 0) return;
    const width = given.table[0].length;
    throw new Wrong(
      "the gradients",
      `${what}the gradient of ${name}[${Math.floor(i / width)}, ${i % width}] is ${short(got[i])} and should be ${short(wanted[i])}.${hintFor(got, parts, shares)}`,
    );
  };
  for (const rank of ranks) check(rank, "weight", [{ of: ({ weights }) => weights[rank], hint: "" }]);
  for (const rank of new Set([0, size - 1])) check(rank, "table", sharesOf(rank, size));
}

/** Which terms of a gradient are in it, with a factor by the part; the right one first. */
interface Share {
  readonly of: (part: Part) => Matrix;
  readonly hint: string;
}

function sharesOf(rank: number, size: number): Share[] {
  const by = (a: number, b: number) => (part: Part): Matrix =>
    part.lookup.map((row, i) => row.map((each, j) => a * each + b * part.head[i][j])); // biome-ignore format: one sum
  const shares: Share[] = [{ of: by(1, 1), hint: "" }];
  if (size === 1) return shares;
  const own =
    " It is this rank's term alone: words go in at the first stage and come out at the last, and both have the table.";
  shares.push({ of: rank === 0 ? by(1, 0) : by(0, 1), hint: own });
  shares.push({ of: by(2, 2), hint: " It is twice the right one: what was a sum already was summed again." });
  return shares;
}

/** What a wrong gradient is made of: an explanation has to fit all of its elements. */
function hintFor(got: readonly number[], parts: readonly Part[], shares: readonly Share[]): string {
  const count = parts.reduce((sum, { tokens }) => sum + tokens, 0);
  const [all, runs] = [parts.length, 1 + parts[parts.length - 1].run];
  const within = (run: number): Part[] => parts.filter((part) => part.run === run);
  const later = (from: number, of: (run: number) => number): number => {
    let factor = 1;
    for (let run = from; run < runs; run++) factor /= of(run);
    return factor;
  };
  const tokensOf = (run: number): number => within(run).reduce((sum, { tokens }) => sum + tokens, 0);
  const means = ({ tokens }: Part): number => 1 / tokens;
  const one = (_: Part): number => 1;
  const overAll = (_: Part): number => 1 / all;
  const bases = [
    { of: (_: Part) => 1 / count, hint: "" },
    {
      of: means,
      hint: " Backward begins at the means of micro-batches: each weighs the same, however many tokens it has.",
    },
    {
      of: one,
      hint: ` Nothing divides by the ${count} tokens of the step: it is ${count} times the right one.`,
    },
  ];
  const again = " After each run everything was divided, also what earlier runs had left there.";
  const after = [
    { of: one, hint: "" },
    { of: overAll, hint: " It is divided by the number of micro-batches: the tokens are all that there is to divide by." },
    { of: ({ run }: Part) => 1 / within(run).length, hint: " Each run is divided by its own micro-batches: the step has others, too." },
    { of: ({ run }: Part) => 1 / tokensOf(run), hint: " Each run is divided by its own tokens: the step has others, too." },
    { of: ({ run }: Part) => later(run, (r) => within(r).length), hint: again },
    { of: ({ run }: Part) => later(run, tokensOf), hint: again },
    { of: ({ run }: Part) => later(run, () => count), hint: again },
    { of: ({ run }: Part) => 2 ** (runs - 1 - run), hint: " It was summed over the two ranks after each run: what was a sum then, was summed again." },
  ]; // biome-ignore format: a table
  const lasts = [
    { of: one, hint: "" },
    {
      of: ({ run, place }: Part) => (place === within(run)[within(run).length - 1].place ? 1 : 0),
      hint: " It is of each run's last micro-batch alone: of the others only the half of backward for the inputs was done.",
    },
    { of: ({ place }: Part) => (place === all - 1 ? 1 : 0), hint: " It is of the last micro-batch alone." },
    { of: ({ run }: Part) => (run === runs - 1 ? 1 : 0), hint: " It is of the last run alone: runs add up." },
  ];
  for (const last of lasts) {
    for (const share of shares) {
      for (const base of bases) {
        for (const { of, hint } of after) {
          if (
            !alike(
              got,
              sumOf(parts, share.of, (part) => base.of(part) * of(part) * last.of(part)),
            )
          )
            continue;
          const from = base.of === one && of !== one ? "" : base.hint;
          const divided = base.of === means && of === overAll ? "" : hint;
          return `${from}${divided}${share.hint}${last.hint}`;
        }
      }
    }
  }
  return "";
}

/** @throws Wrong when what is returned is not the mean loss. */
export function judgeLoss({ seed, size, ranks, reports, must }: Seen, at: number): void {
  const given = casesOf(seed, size)[at];
  const parts = partsOf(given);
  const count = parts.reduce((sum, { tokens }) => sum + tokens, 0);
  const right = parts.reduce((sum, { loss }) => sum + loss, 0) / count;
  for (const rank of ranks) {
    const what = `${given.words}, on rank ${rank} of ${size}: step(…)`;
    const loss = formed<number>(reports[rank].runs[at].loss, "number", what);
    must(
      near(loss, right),
      "the loss",
      `${what} returned ${short(loss)}; the mean loss over all tokens of the step is ${short(right)}.`,
    );
  }
}

/** @throws Wrong when a weight, or a list, is not as it was. */
export function judgeInputs({ seed, size, ranks, reports, must }: Seen, at: number): void {
  const { words } = casesOf(seed, size)[at];
  for (const rank of ranks) {
    const { changed } = reports[rank].runs[at];
    must(
      changed === undefined,
      "the inputs",
      `${words}, on rank ${rank} of ${size}: ${changed}. The step leaves gradients, and all else as it was.`,
    );
  }
}
