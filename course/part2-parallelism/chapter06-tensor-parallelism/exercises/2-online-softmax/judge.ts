// What the judge of 6.2 looks at: joined results, then what the ring finds, and what travels.
import { counted, type Outcome, short, Wrong, wordsOfValue } from "worldsize/exercise";
import { foundBy, joined, type One, pairsOf, sequencesOf } from "./cases.ts";

/** A tensor, or something else. */
export interface Returned {
  readonly shape?: readonly number[];
  readonly dtype?: string;
  readonly numbers?: readonly number[];
  readonly other?: unknown;
}

interface Result {
  readonly o: Returned;
  readonly lse: Returned;
  readonly changed: string | undefined;
}

export interface Report {
  readonly joins: readonly Result[];
  readonly rings: readonly (Result & {
    readonly messages: number;
    readonly elements: number;
    readonly peers: readonly number[];
  })[];
}

type Seen = Outcome<Report>;

const near = (a: number, b: number): boolean =>
  Object.is(a, b) || a === b || Math.abs(a - b) <= 3e-5 + 4e-7 * Math.abs(b);

/** Whether a query of the ring found this. An lse of 10,000 is a multiple of 0.001 in f32, and each join rounds one. */
function isFound({ o, lse }: One, right: One): boolean {
  const rounding = right.lse === -Infinity ? 0 : 1.5e-6 * Math.abs(right.lse);
  return near(lse, right.lse) && right.o.every((value, d) => Math.abs(o[d] - value) <= 3e-5 + rounding);
}

/** @throws Wrong when a result is not made of f32 tensors of the right shapes. */
function checkForms(
  { o, lse }: Result,
  queries: number,
  dim: number,
  what: string,
): { o: readonly number[]; lse: readonly number[] } {
  for (const [name, part, shape] of [
    ["o", o, [queries, dim]],
    ["lse", lse, [queries]],
  ] as const) {
    if (!part.shape || !part.numbers) {
      throw new Wrong("what it returns", `${what}: ${name} is ${wordsOfValue(part.other)}; it should be a Tensor.`);
    }
    if (`${part.shape}` !== `${shape}` || part.dtype !== "f32") {
      throw new Wrong("the shapes", `${what}: ${name} is ${part.dtype}[${part.shape}] and should be f32[${shape}].`);
    }
  }
  return { o: o.numbers ?? [], lse: lse.numbers ?? [] };
}

/** @throws Wrong when two results are not joined to what they would be over the keys of both. */
export function judgeJoin({ seed, reports, must }: Seen, at: number): void {
  const { words, a, b } = pairsOf(seed)[at];
  const what = `join of ${words}`;
  const result = reports[0].joins[at];
  const dim = a[0].o.length;
  const { o, lse } = checkForms(result, a.length, dim, what);
  for (const [i, one] of a.entries()) {
    const right = joined(one, b[i]);
    const got: One = { o: o.slice(i * dim, (i + 1) * dim), lse: lse[i] };
    const hint = joinHint(got, one, b[i]);
    const d = right.o.findIndex((value, e) => !near(got.o[e], value));
    const query = a.length > 1 ? ` of query ${i}` : "";
    if (d >= 0) {
      throw new Wrong(
        "the join",
        `${what}: o${query} is ${short(got.o[d])} and should be ${short(right.o[d])}.${hint}`,
      );
    }
    must(
      near(got.lse, right.lse),
      "the join",
      `${what}: lse${query} is ${short(got.lse)} and should be ${short(right.lse)}.${hint}`,
    );
  }
  must(result.changed === undefined, "the inputs", `${what}: ${result.changed}. a and b belong to the caller.`);
}

/** What a wrong result is made of. */
function joinHint({ o, lse }: One, a: One, b: One): string {
  const odd = [...o, lse].some((value) => Number.isNaN(value) || value === Infinity);
  if (a.lse === -Infinity && b.lse === -Infinity) {
    return odd ? " -Infinity less -Infinity, and 0/0, are NaN: neither has a key here." : " Neither has a key here.";
  }
  if (odd && Math.abs(a.lse) > 100) {
    return " exp of such numbers is Infinity or 0, and their quotient NaN. Only the difference of the two lse matters.";
  }
  const weighted = (ofA: number, ofB: number): boolean =>
    o.every((value, i) => near(value, a.o[i] * ofA + b.o[i] * ofB));
  if (weighted(0.5, 0.5))
    return " That is the mean of both, as if each block weighed the same: the one with more weight in its sum, exp(lse), counts more.";
  if (weighted(a.lse / (a.lse + b.lse), b.lse / (a.lse + b.lse)))
    return " It is weighted by lse itself, which is the logarithm of a sum.";
  if (weighted(1, 1)) return " It is the sum of both: each has been divided by its own sum already.";
  const right = joined(a, b);
  if (o.every((value, i) => near(value, right.o[i]))) {
    if (near(lse, a.lse + b.lse))
      return " It is a.lse + b.lse: logarithms that are added are a product, and sums have to be added.";
    if (near(lse, Math.max(a.lse, b.lse))) return " It is the larger of both: what is the logarithm of the sum?";
    if (near(lse, right.lse - Math.max(a.lse, b.lse))) return " The maximum that was taken off is not added again.";
  }
  if (near(lse, b.lse) && o.every((value, i) => near(value, b.o[i]))) return " It is b alone.";
  if (near(lse, a.lse) && o.every((value, i) => near(value, a.o[i]))) return " It is a alone.";
  return "";
}

/** @throws Wrong when a rank's queries did not find what is among all ranks' keys. */
export function judgeRing({ seed, size, ranks, reports, must }: Seen, at: number): void {
  const { words, ranks: given } = sequencesOf(seed, size)[at];
  for (const rank of ranks) {
    const what = `ringAttention over ${words}, on rank ${rank} of ${size}`;
    const result = reports[rank].rings[at];
    const { o, lse } = checkForms(result, given[rank].q.length, 2, what);
    for (const [i, q] of given[rank].q.entries()) {
      const right = foundBy(
        q,
        given.flatMap(({ k }) => k),
        given.flatMap(({ v }) => v),
      );
      const got: One = { o: o.slice(2 * i, 2 * i + 2), lse: lse[i] };
      if (isFound(got, right)) continue;
      throw new Wrong(
        "the ring",
        `${what}: query ${i} found o = [${got.o.map(short)}] and lse = ${short(got.lse)}; among all keys it is [${right.o.map(short)}] and ${short(right.lse)}.${ringHint(got, q, given, rank)}`,
      );
    }
    must(result.changed === undefined, "the inputs", `${what}: ${result.changed}. q, k and v belong to the caller.`);
  }
}

/** Which blocks a result is over, if over some of them, each up to twice. */
function ringHint(
  got: One,
  q: readonly number[],
  given: readonly { readonly k: readonly (readonly number[])[]; readonly v: readonly (readonly number[])[] }[],
  rank: number,
): string {
  const size = given.length;
  for (let code = 0; code < 3 ** size; code++) {
    const times = given.map((_, r) => Math.floor(code / 3 ** r) % 3);
    const all = given.flatMap(({ k, v }, r) => Array.from({ length: times[r] }, () => ({ k, v })));
    const found = foundBy(
      q,
      all.flatMap(({ k }) => k),
      all.flatMap(({ v }) => v),
    );
    if (!isFound(got, found)) continue;
    const withKeys = (count: number): number[] =>
      times.flatMap((each, r) => (each === count && given[r].k.length > 0 ? [r] : []));
    const [missing, twice] = [withKeys(0), withKeys(2)];
    const name = (list: readonly number[]): string =>
      list.map((r) => (r === rank ? "its own" : `rank ${r}'s`)).join(" and ");
    const parts = [
      ...(missing.length > 0 ? [`${name(missing)} keys are missing`] : []),
      ...(twice.length > 0 ? [`${name(twice)} keys count twice`] : []),
    ];
    return parts.length > 0 ? ` That is as if ${parts.join(", and ")}.` : "";
  }
  return "";
}

/** @throws Wrong when a rank sent to another than its right neighbor, or more than the blocks that pass by. */
export function judgeTraffic({ seed, size, ranks, reports, must }: Seen, at: number): void {
  const { words, ranks: given } = sequencesOf(seed, size)[at];
  for (const rank of ranks) {
    const { messages, elements, peers } = reports[rank].rings[at];
    const right = (rank + 1) % size;
    const what = `over ${words}, rank ${rank} of ${size}`;
    const other = peers.find((peer) => peer !== right);
    must(other === undefined, "what travels", `${what} sent to rank ${other}; its right neighbor is rank ${right}.`);
    const most = 2 * (size - 1);
    must(
      messages <= most,
      "what travels",
      `${what} sent ${counted(messages, "message")}; n - 1 steps with keys and values are ${most}.`,
    );
    const passing = given.reduce((sum, { k }, r) => sum + (r === right ? 0 : 4 * k.length), 0);
    must(
      elements <= passing,
      "what travels",
      `${what} sent ${counted(elements, "element")}; the blocks that pass by it, all but its neighbor's own, have ${passing}.`,
    );
  }
}
