// Judges 7.8: the layout, every number of every gradient against the float64 twin of one rank, and what a step kept, sent and took.
import { type Outcome, Wrong, wordsOfValue } from "worldsize/exercise";
import { judge, type Layout, parsePlannedLayout, type TwinGradients, twinGradients } from "worldsize/parallel";
import { batchOf, configOf, countOf, faultIn, jobOf, LINK, samplesOf } from "./cases.ts";

/** Weights of the whole model by name. */
export type Weights = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;

/** A rank's part of a gradient. */
interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  readonly part: { readonly shape: readonly number[]; readonly from: readonly number[] };
  readonly data: readonly number[];
}

/** What a rank reports. */
export interface Report {
  readonly words: unknown;
  /** By rank. */
  readonly layouts?: readonly string[];
  readonly refused?: string;
  readonly loss: unknown;
  readonly gradients: readonly Part[];
  /** Bytes of parameters, gradients and moments at their peaks. */
  readonly held: number;
  /** Milliseconds of the step on virtual time, in runs that have such. */
  readonly took?: number;
  readonly weights: Weights;
}

/** @throws Wrong for what is no layout, or not one for these ranks. */
export function judgeLayout({ size, reports }: Outcome<Report>): Layout {
  const job = jobOf(size);
  const [{ words, layouts = [], refused }] = reports;
  const what = `${size} ${size === 1 ? "rank" : "ranks"}: layout(job)`;
  if (typeof words !== "string")
    throw new Wrong("the layout", `${what} returns ${wordsOfValue(words)}; it should be a word such as dp2.`);
  const other = layouts.findIndex((each) => each !== words);
  if (other > 0)
    throw new Wrong(
      "the layout",
      `${what} is ${words} on rank 0 and ${layouts[other]} on rank ${other}: it must be the same.`,
    );
  let layout: Layout;
  try {
    layout = parsePlannedLayout(words);
  } catch (error) {
    throw new Wrong("the layout", `${what}: ${(error as Error).message}`);
  }
  const fault = faultIn(layout, job);
  if (fault !== undefined) throw new Wrong("the layout", `${what}: ${words} cannot run: ${fault}.`);
  if (refused !== undefined) throw new Wrong("the layout", `${what}: ${words} is refused. ${refused}`);
  return layout;
}

/** @throws Wrong for the gradient that is farthest from its twin. */
export function judgeGradients({ seed, size, ranks, reports }: Outcome<Report>): void {
  const samples = samplesOf(seed);
  const count = countOf(samples);
  const twin = twinGradients(configOf(), reports[0].weights, batchOf(samples), count);
  const { words } = reports[0];
  const expected = Number(twin.loss.value[0]);
  for (const rank of ranks) {
    const where = `${words} on ${size} ${size === 1 ? "rank" : "ranks"}: rank ${rank}`;
    const { loss, gradients } = reports[rank];
    for (const { name, shape, part, data } of gradients) {
      if (data.length === 0 && shape.every((length) => length > 0))
        throw new Wrong("the gradients", `${where} has no gradient of ${name}. Is a step's backward run?`);
      const { exceeded, index, difference } = judge(name, data, twin.gradients[name], { parameter: { shape, part } });
      if (!exceeded) continue;
      throw new Wrong(
        "the gradients",
        `${where}: number ${index} of the gradient of ${name} is off by ${difference.toPrecision(3)}.${gradientHint(gradients, twin)}`,
      );
    }
    if (typeof loss !== "number")
      throw new Wrong(
        "what it returns",
        `${where}, step(…) resolves to ${wordsOfValue(loss)}; it should be the loss, a number.`,
      );
    if (Math.abs(loss - expected) > 1e-4 * Math.abs(expected))
      throw new Wrong("the loss", `${where} returns ${loss}; the mean over all ${count} targets is ${expected}.`);
  }
}

/** Where a number of a part lies in the whole gradient. */
function placeIn(index: number, { shape, part }: Part): number {
  let [rest, at, step] = [index, 0, 1];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at += (part.from[axis] + (rest % shape[axis])) * step;
    rest = Math.floor(rest / shape[axis]);
    step *= part.shape[axis];
  }
  return at;
}

/** What all of a rank's gradients have in common, beside what they should be. */
function gradientHint(gradients: readonly Part[], { gradients: twins }: TwinGradients): string {
  const pairs = gradients.flatMap((part) =>
    part.data.map((value, i) => [value, twins[part.name]?.value[placeIn(i, part)] ?? 0] as const),
  );
  const sum = (term: (pair: readonly [number, number]) => number): number =>
    pairs.reduce((total, pair) => total + term(pair), 0);
  const factor = sum(([a, b]) => a * b) / sum(([, b]) => b * b);
  const left = Math.sqrt(sum(([a, b]) => (a - factor * b) ** 2) / sum(([a]) => a * a));
  if (left < 1e-3 && Math.abs(factor - 1) > 0.01) {
    const times = Number(factor.toPrecision(3));
    return ` All of this rank's are ${times} times what they should be: whose samples are run, and what is their sum divided by?`;
  }
  if (factor > 1.5)
    return " Ranks weigh differently: every loss is divided by the targets of all ranks, and not by a rank's own.";
  return " Is it a whole sum, of all samples of the step, or of some?";
}

const kb = (bytes: number): string => `${(bytes / 1e3).toFixed(1)} kB`;

/** @throws Wrong for a rank that keeps or sends too much, or a step whose messages take too long. */
export function judgeLimits(outcome: Outcome<Report>): void {
  const { size, ranks, reports } = outcome;
  const job = jobOf(size);
  const { words } = reports[0];
  for (const rank of ranks) {
    const { held } = reports[rank];
    if (held <= job.memory) continue;
    const all = 16 * job.parameters;
    throw new Wrong(
      "the memory",
      `${words}: rank ${rank} keeps ${kb(held)} of parameters, gradients and moments, and may keep ${kb(job.memory)}. All of them are ${kb(all)}: which are whole on every rank?`,
    );
  }
  for (const rank of ranks) {
    const { bytes } = outcome.sent(rank);
    // What ranks say to each other before the step is small beside it.
    if (bytes <= job.bytes + 8192) continue;
    throw new Wrong(
      "the bytes",
      `${words}: rank ${rank} sends ${kb(bytes)}, and may send ${kb(job.bytes)} in a step of ${job.micro} micro-batches. What travels once a step, and what for each micro-batch?`,
    );
  }
  const took = Math.max(...reports.map((report) => report.took ?? 0));
  if (took <= job.milliseconds) return;
  throw new Wrong(
    "the step",
    `${words}: messages take ${took.toFixed(2)} ms of virtual time, and may take ${job.milliseconds}, over links of ${LINK}. Which of them are many, and which have to wait for each other?`,
  );
}
