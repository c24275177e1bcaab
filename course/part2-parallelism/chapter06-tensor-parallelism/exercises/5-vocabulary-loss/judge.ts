// What the judge of 6.5 looks at: the loss, its gradient, and how much travels, case by case; then what is no word.
import { counted, isOdd, type Outcome, short, Wrong, wordsOfValue } from "worldsize/exercise";
import { badOf, type Case, casesOf, IGNORED, type Matrix, rightOf, shareOf } from "./cases.ts";

/** A tensor, or something else. */
export interface Returned {
  readonly shape?: readonly number[];
  readonly dtype?: string;
  readonly numbers?: readonly number[];
  readonly other?: unknown;
}

export interface Report {
  readonly runs: readonly {
    readonly loss: Returned;
    readonly gradient: Returned;
    /** What this rank contributed, call by call. */
    readonly gave: readonly number[];
    /** The first change in an input. */
    readonly changed: string | undefined;
  }[];
  /** Whether it threw for the label that is no word, and what. */
  readonly hasThrown: boolean;
  readonly thrown: unknown;
}

type Seen = Outcome<Report>;

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-5 + 3e-6 * Math.abs(b);
const place = (given: Case, size: number, rank: number): string => `${given.words}, on rank ${rank} of ${size}: `;

/** The numbers of a returned tensor. @throws Wrong when it is none, or of another shape or dtype. */
function numbersOf({ shape, dtype, numbers, other }: Returned, wanted: readonly number[], what: string) {
  if (!shape || !numbers) {
    throw new Wrong("what it returns", `${what} is ${wordsOfValue(other)}; it should be a Tensor.`);
  }
  if (`${shape}` !== `${wanted}` || dtype !== "f32") {
    throw new Wrong("the shapes", `${what} is ${dtype}[${shape}] and should be f32[${wanted}].`);
  }
  return numbers;
}

/** @throws Wrong when a rank has not the mean over the rows that count. */
export function judgeLoss({ seed, size, ranks, reports }: Seen, at: number): void {
  const given = casesOf(seed, size)[at];
  const right = rightOf(given).loss;
  for (const rank of ranks) {
    const what = `${place(given, size, rank)}the loss`;
    const [loss] = numbersOf(reports[rank].runs[at].loss, [], what);
    if (near(loss, right)) continue;
    throw new Wrong(
      "the loss",
      `${what} is ${short(loss)} and should be ${short(right)}.${lossHint(loss, given, size, rank)}`,
    );
  }
}

/** What a wrong loss is made of. */
function lossHint(got: number, given: Case, size: number, rank: number): string {
  const { logits, labels, vocabulary } = given;
  const columns = logits[0].length;
  const right = rightOf(given).loss;
  const count = labels.filter((label) => label !== IGNORED).length;
  const isLarge = logits.some((row) => row.slice(0, vocabulary).some((each) => Math.abs(each) > 80));
  if (!Number.isFinite(got)) {
    if (count === 0) return " No row counts: 0/0 is not a number. Nothing to learn from is a loss of 0.";
    if (isLarge) return " exp(10,000) is Infinity, and log(0) is -Infinity: subtract the largest logit first.";
    return " Was padding made -Infinity? Times 0, or less itself, that is not a number; -3e38 is finite.";
  }
  const all = rightOf(given, { vocabulary: columns }).loss;
  if (columns > vocabulary && near(got, all)) {
    return ` That is with the padding: ${counted(columns - vocabulary, "column")} after the ${vocabulary} words count, too.`;
  }
  if (count > 0 && near(got, (right * count) / labels.length)) {
    return ` It is divided by all ${labels.length} rows; ${counted(count, "row")} of them ${count === 1 ? "counts" : "count"}.`;
  }
  if (near(got, right * count)) return " It is the sum; the mean over the rows that count is asked for.";
  const ignored = rightOf(given, { countsIgnored: true, divisor: Math.max(1, count) }).loss;
  if (near(got, ignored)) return " Rows with the label -100 are in it.";
  const missing = "The label's logit is missing here: one rank has it, and the others have to be told.";
  const ofOwn =
    "Each rank subtracted the largest of its own logits: sums of exp can be added if all subtract the same.";
  const guesses: readonly (readonly [string, (row: Local) => number])[] = [
    [missing, ({ total, top, label, owner }) => Math.log(total) + (owner === rank ? top - label : 0)],
    [missing, ({ total, top, label, owner }) => Math.log(total) + top - (owner === rank ? label : 0)],
    [ofOwn, ({ all, label, tops, owner }) => Math.log(all) + tops[owner] - label],
    // Padding that was lowered to -3e38 counts again where that is the largest.
    [ofOwn, ({ all, idle, label, tops, owner }) => Math.log(all + (idle * columns) / size) + tops[owner] - label],
    ["The sum of exp is that of this rank's words alone.", (row) => Math.log(row.byRank[rank]) + row.top - row.label],
    [
      "The sum of exp is that of this rank's words alone.",
      (row) => Math.log(row.byRank[rank]) + row.tops[rank] - row.label,
    ],
    [
      "The largest logit was subtracted from the others, and not from the label's.",
      (row) => Math.log(row.total) - row.label,
    ],
  ];
  const rows = rowsOf(given, size);
  const found = guesses.find(([, of]) => near(got, rows.reduce((sum, row) => sum + of(row), 0) / Math.max(1, count)));
  return found ? ` ${found[0]}` : "";
}

/** What is in the loss of a row. */
interface Local {
  /** By rank: the largest of its own logits, and the sum of exp of what they are below it. */
  readonly tops: readonly number[];
  readonly byRank: readonly number[];
  /** The sum of byRank, and the right one. */
  readonly all: number;
  readonly total: number;
  readonly top: number;
  readonly label: number;
  /** The rank that has the label. */
  readonly owner: number;
  /** How many ranks have no words. */
  readonly idle: number;
}

/** Of each row that counts. */
function rowsOf({ logits, labels, vocabulary }: Case, size: number): Local[] {
  const columns = logits[0].length / size;
  const sum = (own: readonly number[], less: number): number =>
    own.reduce((all, each) => all + Math.exp(each - less), 0);
  return labels.flatMap((word, t) => {
    if (word === IGNORED) return [];
    const words = logits[t].slice(0, vocabulary);
    const owns = Array.from({ length: size }, (_, r) => words.slice(r * columns, (r + 1) * columns));
    const tops = owns.map((own) => Math.max(-3e38, ...own));
    const top = Math.max(...tops);
    const byRank = owns.map((own, r) => sum(own, tops[r]));
    return {
      tops,
      byRank,
      all: byRank.reduce((a, b) => a + b),
      total: sum(words, top),
      top,
      label: words[word],
      owner: Math.floor(word / columns),
      idle: owns.filter((own) => own.length === 0).length,
    };
  });
}

/** @throws Wrong for the first element that is not that of softmax minus one-hot, over the rows that count. */
export function judgeGradient({ seed, size, ranks, reports }: Seen, at: number): void {
  const given = casesOf(seed, size)[at];
  const whole = rightOf(given).gradient;
  for (const rank of ranks) {
    const what = `${place(given, size, rank)}the gradient`;
    const wanted = shareOf({ ...given, logits: whole }, size, rank);
    const width = wanted[0].length;
    const got = numbersOf(reports[rank].runs[at].gradient, [wanted.length, width], what);
    const flat = wanted.flat();
    const i = flat.findIndex((value, e) => !near(got[e], value));
    if (i < 0) continue;
    const [row, column] = [Math.floor(i / width), i % width];
    throw new Wrong(
      "the gradient",
      `${what}[${row}, ${column}] is ${short(got[i])} and should be ${short(flat[i])}.${gradientHint(got, { given, size, rank, row, column, flat })}`,
    );
  }
}

interface Off {
  readonly given: Case;
  readonly size: number;
  readonly rank: number;
  readonly row: number;
  readonly column: number;
  readonly flat: readonly number[];
}

/** What a wrong gradient is made of: an explanation has to fit all of it. */
function gradientHint(got: readonly number[], { given, size, rank, row, column, flat }: Off): string {
  const { labels, logits, vocabulary } = given;
  const columns = logits[0].length / size;
  const from = rank * columns;
  const count = labels.filter((label) => label !== IGNORED).length;
  const own = (of: (value: number, t: number, c: number) => number): boolean =>
    flat.every((value, i) => near(got[i], of(value, Math.floor(i / columns), i % columns)));
  if (count === 0) return " No row counts, so nothing is to be learnt: the gradient is 0 everywhere.";
  if (labels[row] === IGNORED) return " This row has the label -100: its gradient is 0.";
  const hit = (t: number, c: number): number => (labels[t] === from + c ? 1 / count : 0);
  const isWord = (c: number): boolean => from + c < vocabulary;
  const asItIs = (value: number, t: number, c: number): number => value + hit(t, c) - (labels[t] === c ? 1 / count : 0);
  if (own(asItIs) || own((value, t, c) => (isWord(c) ? asItIs(value, t, c) : value))) {
    const label = labels[row];
    return ` The 1 was taken off where this rank's column has the label's number; the word ${label} is column ${label % columns} of rank ${Math.floor(label / columns)}.`;
  }
  if (from + column >= vocabulary) return " This column is padding: nothing depends on it, and its gradient is 0.";
  if (!got.every(Number.isFinite)) return " exp of large numbers is Infinity: subtract the largest logit of all ranks.";
  if (own((value, t, c) => value + hit(t, c))) return " That is the softmax alone: the label's column is to lose 1.";
  if (own((value) => value * count))
    return ` It is ${count} times the right one: the loss is a mean over ${count} rows.`;
  if (own((value) => (value * count) / labels.length))
    return ` It is divided by all ${labels.length} rows; ${count} count.`;
  const parts: Matrix = shareOf(given, size, rank).map((each) => each.slice(0, Math.max(0, vocabulary - from)));
  const alone = (t: number, c: number): number => {
    if (labels[t] === IGNORED || !isWord(c)) return 0;
    const top = Math.max(...parts[t]);
    const total = parts[t].reduce((sum, each) => sum + Math.exp(each - top), 0);
    return Math.exp(parts[t][c] - top) / total / count - hit(t, c);
  };
  if (own((_, t, c) => alone(t, c)))
    return " It is a softmax over this rank's words: divide by the sum over all ranks.";
  return "";
}

/** @throws Wrong when a rank contributed more than three numbers for each token. */
export function judgeTraffic({ seed, size, ranks, reports, must }: Seen, at: number): void {
  const given = casesOf(seed, size)[at];
  const most = 3 * given.labels.length;
  for (const rank of ranks) {
    const { length } = reports[rank].runs[at].gave;
    must(
      length <= most,
      "what travels",
      `${place(given, size, rank)}it contributed ${counted(length, "number")}; three for each token are ${most}.`,
    );
  }
}

/** @throws Wrong when the logits or the labels are not as they were. */
export function judgeInputs({ seed, size, ranks, reports, must }: Seen, at: number): void {
  const given = casesOf(seed, size)[at];
  for (const rank of ranks) {
    const { changed } = reports[rank].runs[at];
    must(changed === undefined, "the inputs", `${place(given, size, rank)}${changed}. They belong to the caller.`);
  }
}

/** @throws Wrong when a rank did not throw for a label that is no word, or said too little. */
export function judgeBad({ variant, size, ranks, reports, must }: Seen): void {
  const { row, label, vocabulary } = badOf(size, variant);
  for (const rank of ranks) {
    const { hasThrown, thrown } = reports[rank];
    const what = `with the label ${label} in row ${row}, and ${vocabulary} words, rank ${rank} of ${size}`;
    must(
      hasThrown,
      "a label that is no word",
      `${what} threw nothing. Every rank has the labels: each should throw, with the row and the label.`,
    );
    const message = typeof thrown === "string" ? thrown : "";
    const named = message.match(/-?\d+/g)?.map(Number) ?? [];
    const lacking = [
      ...(named.includes(row) ? [] : [`the row, ${row}`]),
      ...(named.includes(label) ? [] : [`the label, ${label}`]),
    ];
    must(
      lacking.length === 0,
      "a label that is no word",
      `${what} threw ${isOdd(thrown) ? thrown.words : wordsOfValue(thrown)}, which does not name ${lacking.join(", nor ")}. Rows count from 0.`,
    );
  }
}
