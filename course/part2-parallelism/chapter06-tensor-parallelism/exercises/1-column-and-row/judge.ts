// What the judge of 6.1 looks at, layer by layer: results of each function, what it called, and its inputs afterwards.
import { counted, type Outcome, Wrong, wordsOfValue } from "worldsize/exercise";
import { casesOf, type Matrix, rightOn } from "./cases.ts";

export const FUNCTIONS = ["columnForward", "rowForward", "columnBackward", "rowBackward"] as const;
export type Name = (typeof FUNCTIONS)[number];

/** A tensor, or something else. */
export interface Returned {
  readonly shape?: readonly number[];
  readonly dtype?: string;
  readonly numbers?: readonly number[];
  readonly other?: unknown;
}

export interface Run {
  readonly returned: Record<Name, Record<string, Returned>>;
  readonly calls: Record<Name, readonly { readonly kind: string; readonly elements: number; readonly first: number }[]>;
  /** The first change in an input. */
  readonly changed: Record<Name, string | undefined>;
}

export interface Report {
  readonly runs: readonly Run[];
}

type Seen = Outcome<Report>;

/** @throws Wrong for the first result that is not right. */
export function judgeResults({ seed, size, ranks, reports }: Seen, at: number): void {
  const given = casesOf(seed)[at];
  for (const name of FUNCTIONS) {
    for (const rank of ranks) {
      const right: Record<string, Matrix> = rightOn(given, size, rank)[name];
      for (const [part, rows] of Object.entries(right)) {
        const what = `${name} of ${given.words}, on rank ${rank} of ${size}: ${part}`;
        const got = reports[rank].runs[at].returned[name][part];
        const { shape, dtype, numbers } = got;
        if (!shape || !numbers) {
          throw new Wrong("what it returns", `${what} is ${wordsOfValue(got.other)}; it should be a Tensor.`);
        }
        const width = widthOf(name, part, given.x[0].length, given.b.length, rows);
        const wanted = part === "db" ? [width] : [rows.length, width];
        if (`${shape}` !== `${wanted}`) {
          throw new Wrong(
            "the shapes",
            `${what} has the shape [${shape}] and should have [${wanted}].${shapeHint(name, part)}`,
          );
        }
        if (dtype !== "f32") throw new Wrong("the shapes", `${what} is ${dtype}; it should be f32.`);
        const flat = rows.flat();
        const i = flat.findIndex((value, e) => !(Math.abs(value - numbers[e]) <= 1e-5 * Math.max(1, Math.abs(value))));
        if (i < 0) continue;
        throw new Wrong(
          "the results",
          `${what}[${part === "db" ? i : `${Math.floor(i / width)}, ${i % width}`}] is ${numbers[i]} and should be ${flat[i]}.${hintFor(name, part, numbers, flat, { size, given: [...given.b], width })}`,
        );
      }
    }
  }
}

/** Columns of a part; of one without rows, too. */
function widthOf(name: Name, part: string, inputs: number, outputs: number, rows: Matrix): number {
  if (rows.length > 0) return rows[0].length;
  return part === "dw" && name === "columnBackward" ? inputs : part === "dx" ? inputs : outputs;
}

function shapeHint(name: Name, part: string): string {
  if (name === "columnForward") return " A rank keeps its own outputs: the row layer that follows wants just them.";
  return part === "dx" && name === "rowBackward" ? " A rank returns the gradients of its own inputs." : "";
}

interface Circumstances {
  readonly size: number;
  readonly given: readonly number[];
  readonly width: number;
}

/** What wrong numbers are made of: an explanation has to fit all of them. */
function hintFor(
  name: Name,
  part: string,
  got: readonly number[],
  right: readonly number[],
  { size, given, width }: Circumstances,
): string {
  const all = (of: (value: number, i: number) => number): boolean =>
    right.every((value, i) => Math.abs(got[i] - of(value, i)) <= 1e-4 * Math.max(1, Math.abs(of(value, i))));
  const bias = (i: number): number => given[i % width];
  if (part === "y") {
    if (name === "columnForward") return all((v, i) => v - bias(i)) && size === 1 ? " Its bias is missing." : "";
    if (size > 1 && all((v, i) => v + (size - 1) * bias(i)))
      return ` The bias is in it ${size} times: each rank added it before the sum.`;
    if (all((v, i) => v - bias(i))) return " The bias is missing.";
    if (all((v, i) => v - bias(i) + bias(i) / size)) return ` The bias is in it divided by ${size}.`;
    return " Is it the sum of all ranks' products, and the bias added to that?";
  }
  if (size > 1 && all((v) => v / size)) {
    return part === "db"
      ? ` It is divided by ${size}. Every rank has the whole of dy for this bias: its gradient is not shared out, however b was added forward.`
      : ` It is divided by ${size}: gradients are summed, not averaged.`;
  }
  if (size > 1 && all((v) => v * size)) {
    return ` It is ${size} times too large: every rank has all of it, and their sum counts it ${size} times.`;
  }
  if (name === "columnBackward" && part === "dx") {
    return " Each rank's dy knows its own outputs only, but all of them were made of this input: is it the sum over the ranks?";
  }
  return "";
}

/** Which function calls allReduce. */
const reduces: Record<Name, boolean> = {
  columnForward: false,
  rowForward: true,
  columnBackward: true,
  rowBackward: false,
};

/** @throws Wrong when a function called allReduce too often, or on too much. */
export function judgeCalls({ seed, size, ranks, reports, must }: Seen, at: number): void {
  const { words, x, b } = casesOf(seed)[at];
  for (const name of FUNCTIONS) {
    const most = reduces[name] ? 1 : 0;
    const elements = x.length * (name === "rowForward" ? b.length : x[0].length);
    for (const rank of ranks) {
      const calls = reports[rank].runs[at].calls[name];
      const where = `${name} of ${words}, on rank ${rank} of ${size}:`;
      if (calls.length > most) {
        const why =
          most === 0 ? "Nothing of its result lies on other ranks: it should call nothing." : "Once is enough.";
        throw new Wrong(
          "one all_reduce each way",
          `${where} it called allReduce ${calls.length === 1 ? "once" : `${calls.length} times`}. ${why}`,
        );
      }
      must(
        calls.every((call) => call.elements === elements),
        "one all_reduce each way",
        `${where} it contributed ${counted(calls[0]?.elements ?? 0, "element")} to the allReduce; ${name === "rowForward" ? "y" : "dx"} has ${elements}.`,
      );
    }
  }
}

/** @throws Wrong for the first input that was changed. */
export function judgeInputs({ seed, size, ranks, reports }: Seen, at: number): void {
  const { words } = casesOf(seed)[at];
  for (const name of FUNCTIONS) {
    for (const rank of ranks) {
      const change = reports[rank].runs[at].changed[name];
      if (!change) continue;
      throw new Wrong(
        "the inputs",
        `${name} of ${words} changed an input on rank ${rank} of ${size}: ${change}. allReduce, and what ends in _, work in place: give them a tensor of your own.`,
      );
    }
  }
}
