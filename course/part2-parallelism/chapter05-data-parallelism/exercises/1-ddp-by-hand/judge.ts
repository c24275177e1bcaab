// What the judge of 5.1 looks at, step by step: reductions, gradients, the loss, and what was not to change.
import { counted, formed, type Outcome, Wrong } from "worldsize/exercise";
import { type Case, casesOf, type Sums, sumsOf } from "./cases.ts";

export interface Step {
  readonly loss: unknown;
  /** By parameter. */
  readonly gradients: readonly (readonly number[] | null)[];
  readonly dtypes: readonly string[];
  /** The parameters' numbers afterwards. */
  readonly after: readonly number[];
  /** By micro-batch: how often the model ran. */
  readonly runs: readonly number[];
  readonly calls: readonly { readonly kind: string; readonly elements: number }[];
}

export interface Report {
  readonly steps: readonly Step[];
}

const NAMES = ["w", "b"];

/** Rounding in f32, of sums whose terms are at most a few hundred. */
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b));

/** @throws Wrong for the first property of a step that does not hold. */
export function judgeStep(outcome: Outcome<Report>, at: number): void {
  const { ranks, size, reports } = outcome;
  const given = casesOf(outcome.seed, size)[at];
  const where = `in the step in which ${given.words}, `;
  const steps = reports.map(({ steps: all }) => all[at]);
  const parameters = [...given.weights.flat(), ...given.biases];
  for (const rank of ranks) judgeCalls(steps[rank], rank, parameters.length, where);
  const right = sumsOf(given, given.batches.flat());
  const want = right.gradients.map((sum) => sum / Math.max(1, right.count));
  for (const rank of ranks) {
    const own = `${where}rank ${rank} of ${size}`;
    judgeGradients(steps[rank], given, rank, want, `${where}on rank ${rank} of ${size}, `);
    const loss = formed<number>(steps[rank].loss, "number", `${own}: globalGradients(…)`);
    const mean = right.loss / Math.max(1, right.count);
    const ownLoss = sumsOf(given, given.batches[rank]).loss / Math.max(1, right.count);
    const hint = near(loss, right.loss)
      ? " That is the sum: nothing divides it by the count."
      : near(loss, ownLoss)
        ? " That is this rank's part of it: the others' are missing."
        : Number.isNaN(loss)
          ? " 0/0 is NaN."
          : "";
    outcome.must(
      near(loss, mean),
      "the loss",
      `${own} returned ${loss}; the mean over all tokens that count is ${mean}.${hint}`,
    );
  }
  for (const rank of ranks) {
    const different = steps[rank].gradients.findIndex((gradient, p) => `${gradient}` !== `${steps[0].gradients[p]}`);
    outcome.must(
      different < 0,
      "the same bits",
      `${where}the gradient of ${NAMES[different]} is [${steps[rank].gradients[different]}] on rank ${rank} and [${steps[0].gradients[different]}] on rank 0: near enough, but models that are updated with different bits drift apart.`,
    );
    const moved = parameters.findIndex((number, i) => steps[rank].after[i] !== number);
    outcome.must(
      moved < 0,
      "the parameters",
      `${where}a parameter was ${parameters[moved]} on rank ${rank} of ${size} and is ${steps[rank].after[moved]}: the step ends with gradients; the optimizer moves the parameters.`,
    );
    const again = steps[rank].runs.findIndex((runs) => runs > 1);
    outcome.must(
      again < 0,
      "each micro-batch once",
      `${where}rank ${rank} of ${size} ran the model ${steps[rank].runs[again]} times on its micro-batch ${again}; once is enough.`,
    );
  }
}

/** @throws Wrong when a rank reduced too often, or too much. */
function judgeCalls({ calls }: Step, rank: number, parameters: number, where: string): void {
  const elements = calls.reduce((sum, call) => sum + call.elements, 0);
  if (calls.length > 2) {
    throw new Wrong(
      "one reduction",
      `${where}rank ${rank} called allReduce ${calls.length} times. Two are enough: one for the counts, and one for all gradients, after the last micro-batch.`,
    );
  }
  if (elements > parameters + 2) {
    throw new Wrong(
      "one reduction",
      `${where}rank ${rank} contributed ${counted(elements, "element")}; the model has ${parameters}, and a count and a loss are two more.`,
    );
  }
}

/** @throws Wrong for the first gradient of a rank that is not the global one. */
function judgeGradients(step: Step, given: Case, rank: number, want: readonly number[], where: string): void {
  const split = given.weights.flat().length;
  const wanted = [want.slice(0, split), want.slice(split)];
  for (const [p, right] of wanted.entries()) {
    const { gradients, dtypes } = step;
    const got = gradients[p];
    if (!got) {
      throw new Wrong(
        "the gradients",
        `${where}${NAMES[p]} has no gradient (null); it should be [${right}]. A rank that did not use a parameter contributes zeros, and takes the sum as the others do.`,
      );
    }
    if (dtypes[p] !== "f32")
      throw new Wrong("the gradients", `${where}the gradient of ${NAMES[p]} is ${dtypes[p]}; it should be f32.`);
    const i = right.findIndex((value, at) => !near(got[at], value));
    if (i < 0) continue;
    const all = gradients.flatMap((each) => [...(each ?? [])]);
    throw new Wrong(
      "the gradients",
      `${where}element ${i} of the gradient of ${NAMES[p]} is ${got[i]} and should be ${right[i]}.${hintFor(all, given, rank)}`,
    );
  }
}

/** What wrong gradients are made of: an explanation has to fit all of them. */
function hintFor(got: readonly number[], given: Case, rank: number): string {
  const { batches } = given;
  const all = batches.flat();
  const whole = sumsOf(given, all);
  const own = sumsOf(given, batches[rank]);
  const size = batches.length;
  const mean = ({ gradients, count }: Sums): number[] => gradients.map((sum) => sum / Math.max(1, count));
  const meanOf = (parts: readonly Sums[]): number[] =>
    whole.gradients.map((_, i) => parts.reduce((sum, part) => sum + mean(part)[i], 0) / Math.max(1, parts.length));
  const of = batches.map((each) => sumsOf(given, each));
  const each = all.map((batch) => sumsOf(given, [batch]));
  const add = (a: readonly number[], b: readonly number[]): number[] => a.map((value, i) => value + b[i]);
  const right = mean(whole);
  const by = (factor: number): number[] => right.map((value) => value * factor);
  const lasts = sumsOf(
    given,
    batches.flatMap((list) => list.slice(-1)),
  ).gradients;
  const early = sumsOf(given, batches[rank].slice(0, -1)).gradients;
  const guesses: readonly (readonly [string, readonly number[]])[] = [
    ["It is the sum over all tokens: nothing divides it by how many count.", whole.gradients],
    [
      `It is the right one, divided by ${size} once more: a global count makes a mean of the sum by itself.`,
      by(1 / size),
    ],
    [`It is the right one, times ${size}.`, by(size)],
    [
      "It is what this rank's own tokens add: the other ranks' are missing.",
      own.gradients.map((sum) => sum / whole.count),
    ],
    ["It is the mean over this rank's own tokens: the other ranks' are missing.", mean(own)],
    [
      "It is the mean of the micro-batches' means: a token in a short micro-batch weighs more than one in a long one.",
      meanOf(each),
    ],
    [
      "It is the mean of the micro-batches' means: a token in a short micro-batch weighs more than one in a long one.",
      meanOf(each.filter(({ count }) => count > 0)),
    ],
    [
      "It is the mean of the ranks' means: a token on a rank with few weighs more than one on a rank with many.",
      meanOf(of),
    ],
    [
      "It is the sum of the ranks' means: each rank divides by its own count, and not by that of all.",
      meanOf(of).map((value) => value * size),
    ],
    [
      "Only the last micro-batch was summed over the ranks: what earlier ones added is this rank's own.",
      add(lasts, early).map((sum) => sum / whole.count),
    ],
    ["Only the last micro-batches are in it.", lasts.map((sum) => sum / whole.count)],
  ];
  if (got.some(Number.isNaN)) {
    return " 0/0 is NaN, and NaN plus anything is NaN: somewhere a sum is divided by a count that is 0.";
  }
  const found = guesses.find(([, values]) => values.every((value, i) => near(got[i], value)));
  return found ? ` ${found[0]}` : "";
}
