// What the judge of 5.2 looks at: the gradients that the optimizer took, step by step; then calls, and the curve last.
import { counted, formed, type Outcome, short, Wrong } from "worldsize/exercise";
import { gradientsOf, NAMES, SIZES, stepsOf, windowsOf } from "./model.ts";

export interface Report {
  readonly losses: unknown;
  /** By step of the optimizer. */
  readonly steps: readonly {
    /** All parameters, one behind the other. */
    readonly before: readonly number[];
    /** By parameter. */
    readonly gradients: readonly (readonly number[] | null)[];
  }[];
  readonly calls: number;
  /** How many times as far a weight moves with a gradient four times as large. */
  readonly farther: { readonly adamw: number; readonly sgd: number };
}

type Seen = Outcome<Report>;

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 2e-4 * Math.max(1, Math.abs(b));

/** Gradients of each micro-batch of a step, by rank, at the parameters that were there. */
function partsOf({ seed, variant, ranks }: Seen, step: number, before: readonly number[]) {
  return ranks.map((rank) => (stepsOf(seed, variant, rank)[step] ?? []).map((batch) => gradientsOf(batch, before)));
}

type Parts = ReturnType<typeof partsOf>;

const sumOf = (lists: readonly (readonly number[])[], length: number): number[] =>
  lists.reduce<number[]>((sum, list) => sum.map((value, i) => value + list[i]), Array<number>(length).fill(0));

/** The gradient of the mean over some ranks' micro-batches. */
function meanOf(parts: Parts, length: number): number[] {
  const all = parts.flat();
  return sumOf(
    all.map(({ gradients }) => gradients),
    length,
  ).map((value) => value / all.length);
}

/** @throws Wrong for the first gradient that is not that of the mean loss, or for too few or too many steps. */
export function judgeSteps(outcome: Seen): void {
  const { variant, ranks, size, reports } = outcome;
  const windows = windowsOf(variant);
  const eager = ranks.find((each) => reports[each].steps.length > windows.length);
  outcome.must(
    eager === undefined,
    "the steps",
    `rank ${eager} of ${size} called optimizer.step() ${reports[eager ?? 0].steps.length} times; there are ${windows.length} steps. Micro-batches are added up, and then the optimizer moves once.`,
  );
  for (const [step, window] of windows.entries()) {
    for (const rank of ranks) {
      const { steps } = reports[rank];
      const where = `at step ${step} (${counted(window, "micro-batch").replace("batchs", "batches")}), rank ${rank} of ${size}: `;
      if (!steps[step]) {
        throw new Wrong(
          "the steps",
          `rank ${rank} of ${size} called optimizer.step() ${steps.length === 1 ? "once" : `${steps.length} times`}; there are ${windows.length} steps.`,
        );
      }
      const { before, gradients } = steps[step];
      const parts = partsOf(outcome, step, before);
      const right = meanOf(parts, before.length);
      let at = 0;
      for (const [p, got] of gradients.entries()) {
        const wanted = right.slice(at, (at += SIZES[p]));
        if (!got)
          throw new Wrong("the gradients", `${where}${NAMES[p]} has no gradient (null) when the optimizer steps.`);
        const i = wanted.findIndex((value, e) => !near(got[e], value));
        if (i < 0) continue;
        const all = gradients.flatMap((each) => [...(each ?? [])]);
        throw new Wrong(
          "the gradients",
          `${where}element ${i} of the gradient of ${NAMES[p]} is ${short(got[i])} and should be ${short(wanted[i])}.${hintFor(outcome, { step, rank, got: all, parts })}`,
        );
      }
    }
  }
}

interface Off {
  readonly step: number;
  readonly rank: number;
  readonly got: readonly number[];
  readonly parts: Parts;
}

/** What wrong gradients are made of: an explanation has to fit all of them. */
function hintFor(outcome: Seen, { step, rank, got, parts }: Off): string {
  const { size, reports, variant } = outcome;
  const { length } = got;
  const window = windowsOf(variant)[step];
  const first = windowsOf(variant)[0];
  const right = meanOf(parts, length);
  const by = (factor: number): number[] => right.map((value) => value * factor);
  const add = (a: readonly number[], b: readonly number[]): number[] => a.map((value, i) => value + b[i]);
  const over = (own: Parts[number]): number[] =>
    own.reduce<number[]>(
      (sum, { gradients }) => sum.map((value, i) => (value + gradients[i]) / window),
      Array<number>(length).fill(0),
    );
  const lasts = meanOf(
    parts.map((own) => own.slice(-1)),
    length,
  );
  const early = sumOf(
    parts[rank].slice(0, -1).map(({ gradients }) => gradients),
    length,
  ).map((value) => value / window);
  const previous =
    step > 0 ? (reports[rank].steps[step - 1].gradients.flatMap((each) => [...(each ?? [])]) as number[]) : [];
  const guesses: readonly (readonly [string, readonly number[]])[] = [
    [
      `It is ${window} times the right one, in every element: backward adds up, and nothing divides by the ${window} micro-batches. Is the loss that is logged the one whose backward is called?`,
      by(window),
    ],
    [
      `It is divided by ${first}, as many micro-batches as the first step has; this one has ${window}.`,
      by(window / first),
    ],
    [
      "What earlier micro-batches added was divided again with each later one.",
      sumOf(parts.map(over), length).map((value) => value / size),
    ],
    [`The gradient of step ${step - 1} is still in it.`, previous.length === length ? add(right, previous) : []],
    ["It is the sum over ranks; it should be the mean: all ranks have equally many tokens.", by(size)],
    [`It is ${window * size} times the right one: neither micro-batches nor ranks divide it.`, by(window * size)],
    [`It is divided by the number of ranks twice.`, by(1 / size)],
    [`It is divided by the ${window} micro-batches twice.`, by(1 / window)],
    ["It is this rank's own: the others' are missing.", meanOf([parts[rank]], length)],
    [
      "Only the last micro-batch was averaged over the ranks: what earlier ones added is this rank's own.",
      add(
        lasts.map((value) => value / window),
        early,
      ),
    ],
    ["It is that of the last micro-batches alone.", lasts],
    [
      "It is that of the first micro-batches alone.",
      meanOf(
        parts.map((own) => own.slice(0, 1)),
        length,
      ),
    ],
  ];
  const found = guesses.find(
    ([, values]) => values.length === length && values.every((value, i) => near(got[i], value)),
  );
  return found ? ` ${found[0]}` : "";
}

/** @throws Wrong when a rank called allReduce more than twice per step. */
export function judgeCalls({ variant, size, ranks, reports, must }: Seen): void {
  const most = 2 * windowsOf(variant).length;
  for (const rank of ranks) {
    const { calls } = reports[rank];
    must(
      calls <= most,
      "communication",
      `rank ${rank} of ${size} called allReduce ${calls} times; two per step are ${most}. Micro-batches add up on their rank, and their sum travels.`,
    );
  }
}

/** @throws Wrong when what is returned are not the mean losses. */
export function judgeCurve(outcome: Seen): void {
  const { variant, size, ranks, reports } = outcome;
  for (const rank of ranks) {
    const losses = formed<readonly number[]>(reports[rank].losses, ["number"], `rank ${rank} of ${size}: train(…)`);
    for (const step of windowsOf(variant).keys()) {
      const all = partsOf(outcome, step, reports[rank].steps[step].before).flat();
      const mean = all.reduce((sum, { loss }) => sum + loss, 0) / all.length;
      outcome.must(
        losses.length === windowsOf(variant).length && near(losses[step], mean),
        "the curve",
        `rank ${rank} of ${size} returned ${short(losses[step])} as the loss of step ${step}, in a list of ${losses.length}; the mean over all ranks and micro-batches is ${short(mean)}.`,
      );
    }
  }
}
