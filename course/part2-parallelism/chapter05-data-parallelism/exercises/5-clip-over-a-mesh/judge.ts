// Judges 5.5: the norm on every rank, the gradients after it, and what travelled.
import { counted, type Outcome, short, Wrong, wordsOfValue } from "worldsize/exercise";
import { addedOver, type Case, casesOf, normOf, partOf, sumOfNorms } from "./cases.ts";

/** What a rank reports of a case. */
export interface Clipped {
  readonly norm: unknown;
  /** By gradient: its elements afterwards. */
  readonly gradients: readonly (readonly number[] | null)[];
  readonly calls: readonly { readonly axis: string; readonly kind: string; readonly elements: number }[];
}

export interface Report {
  readonly cases: readonly Clipped[];
}

const near = (a: number, b: number): boolean =>
  Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-4 * Math.max(1e-3, Math.abs(b));

/** The case in words. */
export function wordsOf({ about, axes, most, p }: Case): string {
  return `${about}, mesh { ${axes.map(([name, size]) => `${name}: ${size}`).join(", ")} }, p = ${p}, most = ${most}`;
}

/** @throws Wrong for the first thing that is not right in a case. */
export function judgeCase({ seed, size, ranks, reports }: Outcome<Report>, at: number): void {
  const given = casesOf(seed, size)[at];
  const right = normOf(given);
  const norms = ranks.map((rank) => {
    const { norm } = reports[rank].cases[at];
    const where = `${wordsOf(given)}: on rank ${rank} of ${size}`;
    if (typeof norm !== "number")
      throw new Wrong(
        "what it returns",
        `${where}, clip(…) resolves to ${wordsOfValue(norm)}; it should be the norm, a number.`,
      );
    if (!near(norm, right))
      throw new Wrong(
        "the norm",
        `${where}, the norm is ${short(norm)} and should be ${short(right)}.${normHint(norm, given, rank, size)}`,
      );
    return norm;
  });
  const other = norms.findIndex((norm) => !Object.is(norm, norms[0]));
  if (other >= 0)
    throw new Wrong(
      "the same norm",
      `${wordsOf(given)}: rank ${other} has ${norms[other]} and rank 0 has ${norms[0]}: near enough, but ranks whose factors differ drift apart.`,
    );
  for (const rank of ranks) judgeGradients(reports[rank].cases[at], given, rank, right);
  for (const rank of ranks) judgeBits(reports, given, at, rank);
  for (const rank of ranks) judgeTraffic(reports[rank].cases[at], given, rank);
}

/** What a wrong norm may come from. */
function normHint(norm: number, given: Case, rank: number, size: number): string {
  const names = given.axes.map(([name]) => name);
  const right = normOf(given);
  if (size > 1 && near(norm, addedOver(given, rank, []))) return " Those are this rank's own parts only.";
  if (size > 1 && near(norm, addedOver(given, rank, names)))
    return " What is the same on several ranks was counted once for each of them.";
  const one = names.find((name) => names.length > 1 && near(norm, addedOver(given, rank, [name])));
  if (one) return ` That is added up along ${one} alone.`;
  if (given.p === 2 && near(norm, right ** 2)) return " That is the sum of the squares.";
  if (near(norm, sumOfNorms(given))) return " Norms were added; it is their squares that add up.";
  if (size > 1 && near(norm * Math.sqrt(size), right)) return ` That is the norm, divided by √${size}.`;
  if (given.p !== 2 && near(norm, normOf({ ...given, p: 2 }))) return " That is the norm for p = 2.";
  return "";
}

/** @throws Wrong for an element that is not what clipping makes of it. */
function judgeGradients({ gradients }: Clipped, given: Case, rank: number, norm: number): void {
  const { wholes, axes, most } = given;
  const isClipped = Number.isFinite(norm) && norm > most;
  const factor = isClipped ? most / norm : 1;
  for (const [i, whole] of wholes.entries()) {
    const before = partOf(whole, axes, rank);
    const after = gradients[i];
    const where = `${wordsOf(given)}: gradient ${i} on rank ${rank}`;
    if (!before || !after) {
      if (before === after) continue;
      throw new Wrong("the gradients", `${where} is ${wordsOfValue(after)} and should be ${wordsOfValue(before)}.`);
    }
    const wanted = before.map((value) => value * factor);
    const j = after.findIndex((value, e) => !near(value, wanted[e]));
    if (j < 0) continue;
    throw new Wrong(
      "the gradients",
      `${where}: element ${j} was ${before[j]}, is ${short(after[j])} and should be ${short(wanted[j])}.${gradientHint(after[j], before[j], given, norm)}`,
    );
  }
}

/** @throws Wrong where what is cut nowhere has other bits on this rank than on rank 0. */
function judgeBits(reports: readonly Report[], given: Case, at: number, rank: number): void {
  for (const [i, { cut }] of given.wholes.entries()) {
    const [mine, first] = [rank, 0].map((each) => reports[each].cases[at].gradients[i] ?? []);
    const j = mine.findIndex((value, e) => !Object.is(value, first[e]));
    if (cut.length > 0 || j < 0) continue;
    throw new Wrong(
      "the gradients",
      `${wordsOf(given)}: element ${j} of gradient ${i}, which is cut nowhere, is ${mine[j]} on rank ${rank} and ${first[j]} on rank 0: the same factor gives the same bits.`,
    );
  }
}

/** What a wrong element may come from. */
function gradientHint(after: number, before: number, { most }: Case, norm: number): string {
  if (!Number.isFinite(norm)) return " The norm is not finite: nothing is to change, and the caller skips the step.";
  if (norm <= most) return ` The norm, ${short(norm)}, is not above ${most}: nothing is to change.`;
  if (after === before) return " It did not change: the norm is returned, and gradients are to be scaled in place.";
  if (near(after, (before * most) / norm ** 2)) return " It was scaled twice.";
  return "";
}

/** @throws Wrong for calls that are not needed, or that carry more than numbers. */
function judgeTraffic({ calls }: Clipped, given: Case, rank: number): void {
  const where = `${wordsOf(given)}: rank ${rank}`;
  for (const { axis, kind } of calls) {
    if (kind === "allReduce") continue;
    throw new Wrong("what travels", `${where} called ${kind} along ${axis}: an allReduce of a few numbers is enough.`);
  }
  for (const [name] of given.axes) {
    const own = calls.filter(({ axis }) => axis === name);
    const isCut = given.wholes.some(({ cut }) => cut.includes(name));
    if (own.length > (isCut ? 1 : 0))
      throw new Wrong(
        "what travels",
        `${where} called allReduce ${own.length} times along ${name}; ${isCut ? "once is enough" : "nothing is cut there, so nothing is to be added up"}.`,
      );
    const { elements = 0 } = own[0] ?? {};
    if (elements > given.wholes.length)
      throw new Wrong(
        "what travels",
        `${where} gave ${counted(elements, "element")} to allReduce along ${name}; one for each of the ${given.wholes.length} gradients is enough.`,
      );
  }
}
