// What the judge of 5.3 looks at: the state, the weights, the same bits, and what travels.
import { counted, type Outcome, short, Wrong, wordsOfValue } from "worldsize/exercise";
import { type Case, casesOf, rowsOf, type State, statesOf, weightsOf } from "./cases.ts";

export interface Step {
  /** All rows, afterwards. */
  readonly w: readonly number[];
  /** Of the velocity that was returned; undefined for what is not a tensor. */
  readonly shape: readonly number[] | undefined;
  readonly dtype: string;
  readonly v: readonly number[];
  /** What was returned instead. */
  readonly other: unknown;
  readonly changed: string | undefined;
  readonly calls: readonly { readonly kind: string; readonly elements: number }[];
}

export interface Report {
  /** By case, then by step. */
  readonly cases: readonly (readonly Step[])[];
}

type Seen = Outcome<Report>;

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b));

const rowsText = ([from, to]: readonly [number, number]): string =>
  to === from ? "no row" : to === from + 1 ? `row ${from}` : `rows ${from} to ${to - 1}`;

/** @throws Wrong for the first thing that is not right after a step. */
export function judgeStep({ seed, size, ranks, reports, must }: Seen, at: number, step: number): void {
  const given = casesOf(seed, size)[at];
  const { columns } = given;
  const right = statesOf(given, size)[step];
  const before = step > 0 ? statesOf(given, size)[step - 1].w : weightsOf(given);
  for (const rank of ranks) {
    const { shape, dtype, v, w, other } = reports[rank].cases[at][step];
    const where = `${given.rows} rows of ${columns}, step ${step}, rank ${rank} of ${size}`;
    if (!shape)
      throw new Wrong("what it returns", `${where}: zeroStep(…) is ${wordsOfValue(other)}; it should be a Tensor.`);
    const own = rowsOf(given, size, rank);
    const wanted = [own[1] - own[0], columns];
    const floor = Math.floor(given.rows / size);
    const hint =
      size > 1 && shape[0] === given.rows
        ? " That is the state of all rows: what ZeRO-1 saves is that no rank has it."
        : shape[0] === floor
          ? ` With ${floor} on each of ${size} ranks, ${given.rows - floor * size} of the ${given.rows} rows would be nobody's.`
          : "";
    must(
      `${shape}` === `${wanted}` && dtype === "f32",
      "the state",
      `${where}: v is ${dtype}[${shape}] and should be f32[${wanted}]: this rank has ${rowsText(own)}.${hint}`,
    );
    const i = w.findIndex((value, e) => !near(value, right.w[e]));
    if (i >= 0) {
      throw new Wrong(
        "the weights",
        `${where}: w[${Math.floor(i / columns)}, ${i % columns}] is ${short(w[i])} and should be ${short(right.w[i])}.${hintFor(given, { w, right, before, size, rank, step })}`,
      );
    }
    const j = v.findIndex((value, e) => !near(value, right.v[own[0] * columns + e]));
    must(
      j < 0,
      "the state",
      `${where}: w is right, but element ${j} of v is ${v[j]} and should be ${right.v[own[0] * columns + j]}, that of ${rowsText(own)}.`,
    );
  }
  for (const rank of ranks) {
    const { w, changed } = reports[rank].cases[at][step];
    const first = reports[0].cases[at][step].w;
    const i = w.findIndex((value, e) => value !== first[e]);
    must(
      i < 0,
      "the same bits",
      `${given.rows} rows of ${columns}, step ${step}: w[${Math.floor(i / columns)}, ${i % columns}] is ${w[i]} on rank ${rank} and ${first[i]} on rank 0: near enough, but each row has one owner, and the others should have its bits.`,
    );
    must(
      changed === undefined,
      "the inputs",
      `${given.rows} rows of ${columns}, step ${step}, rank ${rank} of ${size}: ${changed}. The gradient belongs to the caller.`,
    );
  }
}

interface Off {
  readonly w: readonly number[];
  readonly right: State;
  readonly before: readonly number[];
  readonly size: number;
  readonly rank: number;
  readonly step: number;
}

/** What wrong weights are: an explanation has to fit all that are wrong. */
function hintFor(given: Case, { w, right, before, size, rank, step }: Off): string {
  const { columns, rows } = given;
  const wrong = w.flatMap((value, i) => (near(value, right.w[i]) ? [] : [i]));
  const wrongRows = [...new Set(wrong.map((i) => Math.floor(i / columns)))];
  const [from, to] = rowsOf(given, size, rank);
  if (wrong.every((i) => near(w[i], before[i]))) {
    const others = Array.from({ length: rows }, (_, row) => row).filter((row) => row < from || row >= to);
    if (wrongRows.length === rows) return " No row has moved: w itself is to change.";
    if (wrongRows.length === others.length && others.every((row, i) => row === wrongRows[i])) {
      return ` Only its own ${rowsText([from, to])} moved: the rows that others have moved are missing.`;
    }
    return ` ${rowsText([wrongRows[0], wrongRows[wrongRows.length - 1] + 1]).replace("row", "Row")} did not move at all: is each row somebody's, when ${size} does not divide ${rows}?`;
  }
  const fits = (states: readonly State[]): boolean => wrong.every((i) => near(w[i], states[step].w[i]));
  if (size > 1 && fits(statesOf(given, size, { factor: 1 / size })))
    return " Gradients were averaged over the ranks: their sum is asked for.";
  if (size > 1 && fits(statesOf(given, size, { alone: true })))
    return " Each row moved by its owner's gradient alone: the sum over ranks is missing.";
  if (step > 0 && fits(statesOf(given, size, { momentum: 0 })))
    return " The momentum is missing: v begins anew, and not with 0.9 of what was returned in the step before.";
  if (step > 0 && fits(statesOf(given, size, { momentum: 1 }))) return " The old v counts whole, and not 0.9 of it.";
  return "";
}

/** @throws Wrong when a rank called a collective twice in a step, or gave it more than its pieces. */
export function judgeTraffic({ seed, size, ranks, reports, must }: Seen, at: number): void {
  const given = casesOf(seed, size)[at];
  const k = Math.ceil(given.rows / size) * given.columns;
  const most = { reduceScatter: size * k, allGather: k };
  for (const rank of ranks) {
    for (const [step, { calls }] of reports[rank].cases[at].entries()) {
      const where = `${given.rows} rows of ${given.columns}, step ${step}: rank ${rank} of ${size}`;
      for (const kind of ["reduceScatter", "allGather"] as const) {
        const own = calls.filter((call) => call.kind === kind);
        must(own.length <= 1, "what travels", `${where} called ${kind} ${own.length} times; once per step is enough.`);
        const elements = own[0]?.elements ?? 0;
        must(
          elements <= most[kind],
          "what travels",
          `${where} gave ${counted(elements, "element")} to ${kind}; ${kind === "allGather" ? "its own rows, padded," : "the gradient, padded to pieces of equal length,"} are ${most[kind]}.`,
        );
      }
    }
  }
}
