// What the judge of 7.6 looks at: the value and the gradients of each step, and which routers learn.
import { type Outcome, short, Wrong, wordsOfValue } from "worldsize/exercise";
import { type Case, casesOf, forms, partsOf, rightOf, tokensOf, type Ways } from "./cases.ts";

export interface Report {
  readonly runs: readonly { readonly value: unknown; readonly gradients: unknown; readonly isSame: boolean }[];
  readonly learns: readonly unknown[];
}

type Seen = Outcome<Report>;

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 + 1e-4 * Math.abs(b);
const place = ({ words }: Case, size: number, rank: number): string => `${words}, on rank ${rank} of ${size}: `;

/** @throws Wrong when a rank has not the value of the whole step. */
export function judgeValue({ seed, size, ranks, reports }: Seen, at: number): void {
  const given = casesOf(seed)[at];
  const right = rightOf(given).value;
  for (const rank of ranks) {
    const { value, isSame } = reports[rank].runs[at];
    const where = place(given, size, rank);
    if (typeof value !== "number")
      throw new Wrong("the value", `${where}value is ${wordsOfValue(value)}; it should be a number.`);
    if (!near(value, right)) {
      throw new Wrong(
        "the value",
        `${where}value is ${short(value)} and should be ${short(right)}.${valueHint(value, given, size, rank)}`,
      );
    }
    if (!isSame)
      throw new Wrong("the inputs", `${where}the lists that it was handed are others now. Work on lists of your own.`);
  }
}

/** What a wrong value is made of. */
function valueHint(got: number, given: Case, size: number, rank: number): string {
  const { parts } = given;
  if (Number.isNaN(got)) {
    const isEmpty = parts.some((part) => tokensOf(part) === 0);
    return isEmpty
      ? " 0/0 is not a number: a micro-batch of padding adds nothing."
      : " exp(1,000) is Infinity: subtract the largest score of a token first.";
  }
  const k = parts[0].layers[0].chosen[0].length;
  const rankTokens = (p: number): number =>
    partsOf(given, size, p % size).reduce((sum, part) => sum + tokensOf(part), 0);
  const total = parts.reduce((sum, part) => sum + tokensOf(part), 0);
  const mistakes: readonly (readonly [string, Ways])[] = [
    [
      ` That is ${k} times as large: Hugging Face's convention. Switch's and Megatron-LM's is 1 when it is balanced.`,
      { timesK: true },
    ],
    [" That is with the layers together: two that are each unbalanced look balanced then.", { concatenated: true }],
    [" That is the mean over the layers: each layer's term is added to the loss.", { averaged: true }],
    [" That is with the padding: it is no token, and nobody should balance it.", { padded: true }],
    [" Each micro-batch counts as a whole here: with more of them the term grows.", { counts: () => 1 }],
    [` Each micro-batch counts 1/${parts.length}, however many tokens it has.`, { counts: () => 1 / parts.length }],
    [
      " A micro-batch counts by its share of its own rank's tokens: with more ranks the term grows.",
      { counts: (tokens, p) => tokens / rankTokens(p) },
    ],
  ];
  const found = mistakes.find(([, ways]) => near(got, rightOf(given, ways).value));
  if (found) return found[0];
  const own = { ...given, parts: partsOf(given, size, rank) };
  const mine = rightOf(own, { counts: (tokens) => tokens / total }).value;
  if (size > 1 && near(got, mine)) return " That is this rank's part: the value is of the step, on all ranks.";
  if (
    near(got * rightOf({ ...given, factor: 1 }).value, rightOf(given).value) ||
    near(got * given.factor, rightOf(given).value)
  )
    return " Where is the factor?";
  return "";
}

/** @throws Wrong for the first number of a gradient that is not right. */
export function judgeGradients({ seed, size, ranks, reports }: Seen, at: number): void {
  const given = casesOf(seed)[at];
  const all = rightOf(given).gradients;
  for (const rank of ranks) {
    const { gradients } = reports[rank].runs[at];
    const where = place(given, size, rank);
    const right = all.filter((_, i) => i % size === rank);
    if (!Array.isArray(gradients)) {
      throw new Wrong(
        "the form of the gradients",
        `${where}gradients is ${wordsOfValue(gradients)}; it should be a list.`,
      );
    }
    const difference = firstDifference(gradients, right, []);
    if (!difference) continue;
    const { path, got, wanted } = difference;
    const name = `${where}gradients${path.map((i) => `[${i}]`).join("")}`;
    if (wanted === undefined || Array.isArray(wanted) || typeof got !== "number") {
      const form = Array.isArray(wanted) ? `a list of ${wanted.length}` : wanted === undefined ? "nothing" : "a number";
      const is = Array.isArray(got) ? `a list of ${got.length}` : wordsOfValue(got);
      throw new Wrong(
        "the form of the gradients",
        `${name} is ${is} and should be ${form}: by micro-batch, layer, token and expert.`,
      );
    }
    const [part, , token] = path;
    const own = partsOf(given, size, rank)[part];
    throw new Wrong(
      "the gradients",
      `${name} is ${short(got)} and should be ${short(Number(wanted))}.${gradientHint(got, { wanted: Number(wanted), isReal: own.real[token] })}`,
    );
  }
}

interface Off {
  readonly wanted: number;
  readonly isReal: boolean;
}

function gradientHint(got: number, { wanted, isReal }: Off): string {
  if (!isReal) return " This token is padding: nothing depends on its scores.";
  if (Number.isNaN(got)) return " exp(1,000) is Infinity: subtract the largest score of a token first.";
  if (near(-got, wanted)) return " Its sign is wrong.";
  return " f is a count, with no gradient; through a softmax, each score moves all probabilities of its token.";
}

interface Difference {
  readonly path: readonly number[];
  readonly got: unknown;
  readonly wanted: unknown;
}

function firstDifference(got: unknown, wanted: unknown, path: readonly number[]): Difference | undefined {
  if (!Array.isArray(wanted)) {
    const isRight = typeof got === "number" && typeof wanted === "number" && near(got, wanted);
    return isRight ? undefined : { path, got, wanted };
  }
  if (!Array.isArray(got) || got.length !== wanted.length) return { path, got, wanted };
  for (const [i, each] of wanted.entries()) {
    const found = firstDifference(got[i], each, [...path, i]);
    if (found) return found;
  }
  return undefined;
}

/** @throws Wrong for the first form of a router of which it is not said whether it learns. */
export function judgeLearns({ ranks, reports }: Seen): void {
  for (const rank of ranks) {
    for (const [i, [experts, perToken, normalized, learns]] of forms.entries()) {
      const got = reports[rank].learns[i];
      if (got === learns) continue;
      const why = learns
        ? perToken === 1
          ? "The weight of the one that is chosen is its share among all experts, which its score moves."
          : "Weights of several experts can grow at each other's cost."
        : experts === 1
          ? "A single expert's softmax is 1 whatever its score is."
          : "One weight that is made to be 1 is 1 whatever the scores are: its gradient is 0.";
      throw new Wrong(
        "who learns",
        `learns(${experts}, ${perToken}, ${normalized}) is ${wordsOfValue(got)} and should be ${learns}. ${why}`,
      );
    }
  }
}
