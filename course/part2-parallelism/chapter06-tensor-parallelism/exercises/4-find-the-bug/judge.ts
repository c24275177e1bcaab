// What the judge of 6.4 looks at: the gradient of every weight on every rank; then the loss, and its inputs afterwards.
import { formed, type Outcome, short, Wrong } from "worldsize/exercise";
import {
  type Case,
  casesOf,
  labelsOf,
  type Matrix,
  NAMES,
  type Name,
  type Part,
  partsOf,
  shareOf,
  sumOf,
} from "./model.ts";

interface Run {
  readonly loss: unknown;
  /** In the order of NAMES. */
  readonly gradients: readonly (readonly number[] | null)[];
  /** The first change in an input. */
  readonly changed: string | undefined;
}

export interface Report {
  readonly runs: readonly Run[];
  /** Of the bias' gradient, what a rank has that added its share before the sum. */
  readonly share: number;
}

type Seen = Outcome<Report>;

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 2e-5 + 2e-5 * Math.abs(b);
const alike = (got: readonly number[], wanted: readonly number[]): boolean =>
  got.length === wanted.length && got.every((value, i) => near(value, wanted[i]));

/** @throws Wrong for the first gradient that is not that of the mean loss over the whole sequence. */
export function judgeGradients({ seed, size, ranks, reports }: Seen, at: number): void {
  const given = casesOf(seed, size)[at];
  const right = partsOf(given, labelsOf(given, false));
  for (const [p, name] of NAMES.entries()) {
    for (const rank of ranks) {
      const what = `${given.words}, on rank ${rank} of ${size}: `;
      const got = reports[rank].runs[at].gradients[p];
      if (!got) throw new Wrong("the gradients", `${what}${name} has no gradient (null) after the step.`);
      const wanted = shareOf(name, sumOf(right, name, given.weights[name]), size, rank);
      const flat = wanted.flat();
      if (got.length !== flat.length) {
        throw new Wrong(
          "the gradients",
          `${what}the gradient of ${name} has ${got.length} elements, not ${flat.length}.`,
        );
      }
      const i = flat.findIndex((value, e) => !near(got[e], value));
      if (i < 0) continue;
      const all = ranks.map((r) => reports[r].runs[at].gradients[p] ?? []);
      const hint = hintFor({ name, given, size, rank, all });
      const width = wanted[0].length;
      const place = name === "norm" || name === "bias" ? `${i}` : `${Math.floor(i / width)}, ${i % width}`;
      throw new Wrong(
        "the gradients",
        `${what}the gradient of ${name}[${place}] is ${short(got[i])} and should be ${short(flat[i])}.${hint}`,
      );
    }
  }
}

interface Off {
  readonly name: Name;
  readonly given: Case;
  readonly size: number;
  readonly rank: number;
  /** By rank: what it has as this weight's gradient. */
  readonly all: readonly (readonly number[])[];
}

/** What a wrong gradient is made of: an explanation has to fit all of its elements. */
function hintFor({ name, given, size, rank, all }: Off): string {
  const { cuts, weights } = given;
  const got = all[rank];
  const labels = labelsOf(given, false);
  const right = partsOf(given, labels);
  const sum = (parts: readonly Part[]): Matrix => sumOf(parts, name, weights[name]);
  const own = (parts: readonly Part[]): readonly Part[] => parts.slice(cuts[rank], cuts[rank + 1]);
  const is = (whole: Matrix, factor = 1): boolean =>
    alike(
      got,
      shareOf(name, whole, size, rank)
        .flat()
        .map((value) => value * factor),
    );
  const isCut = name === "up" || name === "down";
  const counts = cuts.slice(1).map((to, r) => labels.slice(cuts[r], to).filter((label) => label !== undefined).length);
  const count = counts.reduce((a, b) => a + b);
  if (is(sum(partsOf(given, labelsOf(given, true)))) && size > 1) {
    return " That is with labels that were shifted after the cut: what follows a run's last token lies on the next rank.";
  }
  if (!isCut) {
    if (is(sum(own(right)))) {
      return ` That is what this rank's own tokens give; the others' are missing, and ranks drift apart.${name === "bias" ? " After the sum, the bias works on a rank's own tokens, as the norm does." : ""}`;
    }
    if (is(sum(right), 1 / size)) {
      return name === "bias"
        ? ` It is 1/${size} of the right one: a share of the bias was added, and its gradient is a share, too. Loss and outputs do not show it.`
        : ` It is 1/${size} of the right one: the ranks' gradients were averaged. They are terms of one sum, from different tokens.`;
    }
    if (is(sum(right), size))
      return ` It is ${size} times the right one: a rank that had the whole was added to others that had it, too.`;
  }
  if (is(sum(right), 1 / size))
    return ` It is 1/${size} of the right one. A cut weight's gradient is whole where the weight is.`;
  if (is(sum(right), size)) return ` It is ${size} times the right one.`;
  if (is(sum(right), count)) return ` It is ${count} times the right one: nothing divides by the ${count} labels.`;
  if (is(sum(right), count / (count + 1)))
    return ` It is divided by all ${count + 1} tokens; ${count} of them have a label.`;
  const biased = partsOf(given, labels, size);
  if (size > 1 && (is(sum(biased)) || is(sum(biased), 1 / size) || is(sum(own(biased)), 1 / size))) {
    return ` That is with the bias ${size} times: each rank added it before the sum.`;
  }
  const unbiased = partsOf(given, labels, 0);
  if (name !== "bias" && is(sum(unbiased))) return " That is without the bias.";
  const local = right.map((part, t) => scaled(part, count / counts[cuts.findIndex((to) => to > t) - 1]));
  if (is(sum(local))) {
    return " That is with each rank's loss divided by its own labels: ranks have different numbers of them.";
  }
  if (isCut && is(sum(own(right)))) return " That is of this rank's tokens alone: it lacks what is gathered.";
  return size > 1 && isCut && all.every((each) => alike(each, got))
    ? " All ranks have the same: was it summed over the ranks? Each has units of its own."
    : "";
}

function scaled({ loss, gradients }: Part, factor: number): Part {
  const by = (rows: Matrix): Matrix => rows.map((row) => row.map((value) => value * factor));
  const { up, down, head, bias, norm } = gradients;
  return { loss, gradients: { up: by(up), down: by(down), head: by(head), bias: by(bias), norm: by(norm) } };
}

/** @throws Wrong when what is returned is not the mean loss. */
export function judgeLoss({ seed, size, ranks, reports, must }: Seen, at: number): void {
  const given = casesOf(seed, size)[at];
  const right = partsOf(given, labelsOf(given, false)).reduce((sum, { loss }) => sum + loss, 0);
  for (const rank of ranks) {
    const what = `${given.words}, on rank ${rank} of ${size}: step(…)`;
    const loss = formed<number>(reports[rank].runs[at].loss, "number", what);
    must(
      near(loss, right),
      "the loss",
      `${what} returned ${short(loss)}; the mean loss over all ranks' labels is ${short(right)}.`,
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
