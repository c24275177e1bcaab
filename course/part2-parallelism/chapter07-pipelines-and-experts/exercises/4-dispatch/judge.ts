// What the judge of 7.4 looks at: which rows experts computed, what came back, what travelled, what became of the inputs.
import { counted, type Outcome, short, Wrong, wordsOfValue } from "worldsize/exercise";
import { type Case, casesOf, DROPPED, loadsOf, rightOf, rowsTo, WIDTH } from "./cases.ts";

/** What a rank has done in a case. */
export interface Run {
  readonly y: {
    readonly shape?: readonly number[];
    readonly dtype?: string;
    readonly numbers?: readonly number[];
    readonly other?: unknown;
  };
  /** Rows that each of its experts was given. */
  readonly computed: readonly number[];
  /** The first change in an input. */
  readonly changed: string | undefined;
}

export type Report = readonly Run[];
type Seen = Outcome<Report>;

const place = ({ words }: Case, size: number, rank: number): string => `${words}, on rank ${rank} of ${size}: `;

/** Rows that rank 0 sends to other ranks in a case, of a run of our solution: it calls allToAll three times in each. */
export function sentRows({ traffic }: Seen, at: number, way: "dispatch" | "combine"): number {
  const { events, operations } = traffic[0];
  const calls = operations.flatMap(({ kind }, i) => (kind === "allToAll" ? i : []));
  const call = calls[3 * at + (way === "dispatch" ? 1 : 2)];
  const sent = events.filter(({ event, operation }) => event === "send" && operation === call);
  return sent.reduce((sum, { bytes = 0 }) => sum + bytes, 0) / (4 * WIDTH);
}

/** @throws Wrong when an expert did not compute the rows that are its own. */
export function judgeRows({ seed, size, ranks, reports }: Seen, at: number): void {
  const given = casesOf(seed, size)[at];
  const loads = loadsOf(given);
  for (const rank of ranks) {
    const { computed } = reports[rank][at];
    for (const [i, rows] of computed.entries()) {
      const expert = rank * given.own + i;
      const right = loads[expert];
      if (rows === right) continue;
      const all = loads.slice(rank * given.own, (rank + 1) * given.own).reduce((a, b) => a + b, 0);
      const hint =
        given.own > 1 && rows === all
          ? " That is all rows that came to this rank: how many are for which expert was in the counts."
          : rows > right
            ? " Are there rows that are no token, or that others have chosen?"
            : "";
      throw new Wrong(
        "the rows of experts",
        `${place(given, size, rank)}expert ${expert} computed ${counted(rows, "row")}; ${counted(right, "choice")} ${right === 1 ? "is" : "are"} of it.${hint}`,
      );
    }
  }
}

/** @throws Wrong when a token's result is not the weighted sum of its experts'. */
export function judgeY({ seed, size, ranks, reports }: Seen, at: number): void {
  const given = casesOf(seed, size)[at];
  for (const rank of ranks) {
    const where = place(given, size, rank);
    const { shape, dtype, numbers, other } = reports[rank][at].y;
    if (!shape || !numbers) {
      throw new Wrong("what it returns", `${where}y is ${wordsOfValue(other)}; it should be a Tensor.`);
    }
    const right = rightOf(given.shares[rank]);
    const wanted = [right.length, WIDTH];
    if (`${shape}` !== `${wanted}` || dtype !== "f32")
      throw new Wrong("the shape", `${where}y is ${dtype}[${shape}] and should be f32[${wanted}].`);
    const flat = right.flat();
    const i = flat.findIndex((value, e) => !(Math.abs(numbers[e] - value) <= 1e-4 * Math.max(1, Math.abs(value))));
    if (i < 0) continue;
    const [t, column] = [Math.floor(i / WIDTH), i % WIDTH];
    throw new Wrong(
      "the results",
      `${where}y[${t}, ${column}] is ${short(numbers[i])} and should be ${short(flat[i])}; this token's experts are ${given.shares[rank].chosen[t].join(" and ")}.${hintOf(numbers, given, rank, t)}`,
    );
  }
}

/** What wrong results are made of. */
function hintOf(numbers: readonly number[], given: Case, rank: number, t: number): string {
  const share = given.shares[rank];
  const same = (a: readonly number[], b: readonly number[]): boolean =>
    a.every((each, i) => Math.abs(each - b[i]) < 1e-3);
  const rowOf = (token: number): readonly number[] => numbers.slice(token * WIDTH, (token + 1) * WIDTH);
  const plain = rightOf(share, false);
  if (same(rowOf(t), plain[t])) return " That is without the weights.";
  if (rowOf(t).every((each) => each === 0)) return " Nothing came back for it.";
  // One that has somebody else's result, of whichever rank.
  const results = given.shares.flatMap((each, from) => rightOf(each).map((row, token) => ({ row, from, token })));
  const whose = results.find(({ row }) => same(rowOf(t), row));
  if (whose)
    return ` That is the result of token ${whose.token} of rank ${whose.from}: results have to come back in the order in which the rows came.`;
  // What has no dropped choices was right before.
  if (given.shares.some(({ chosen }) => chosen.flat().includes(DROPPED)))
    return " -1 is no expert: a dropped choice has no row, and no place among those that come back.";
  return " Are results put back in the order in which the rows came, before they travel?";
}

/** @throws Wrong for the first input that was changed. */
export function judgeInputs({ seed, size, ranks, reports }: Seen, at: number): void {
  for (const rank of ranks) {
    const { changed } = reports[rank][at];
    if (!changed) continue;
    const where = place(casesOf(seed, size)[at], size, rank);
    throw new Wrong("the inputs", `${where}an input was changed: ${changed}. Work on tensors and lists of your own.`);
  }
}

/** @throws Wrong when more travelled than the rows, there and back, and what says where they belong. */
export function judgeSent(outcome: Seen): void {
  const cases = casesOf(outcome.seed, outcome.size);
  for (const rank of outcome.ranks) {
    let most = 0;
    let rows = 0;
    for (const given of cases) {
      const there = rowsTo(given, rank).reduce((sum, each, to) => sum + (to === rank ? 0 : each), 0);
      const back = outcome.ranks.reduce((sum, from) => sum + (from === rank ? 0 : rowsTo(given, from)[rank]), 0);
      rows += there + back;
      // Counts of experts, and, for who likes them, of ranks, and a number with each row.
      most += 4 * WIDTH * (there + back) + 4 * there + 8 * outcome.size * given.own;
    }
    const { bytes } = outcome.sent(rank);
    outcome.must(
      bytes <= most,
      "what travels",
      () =>
        `rank ${rank} of ${outcome.size} sent ${bytes} bytes in all cases. The ${rows} rows there and back that its tokens and experts need have ${4 * WIDTH * rows}; counts and places add to ${most - 4 * WIDTH * rows} at most. Do tokens go to ranks that have none of their experts, or is room sent that nobody fills?`,
    );
  }
}
