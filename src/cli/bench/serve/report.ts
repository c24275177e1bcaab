/** What was measured, as tables of at most 80 columns. */
import type { Distribution, Metrics } from "../../../load/index.ts";
import type { Row } from "../../../script/index.ts";
import { table } from "../../render.ts";

/** Columns of a page of text. */
const WIDTH = 80;

/** Metrics with a name, such as "radix on". */
export interface Named {
  readonly name: string;
  readonly metrics: Metrics;
}

/** Tables of one run, or of two side by side; `ratio` is the second through the first. */
export function reportLines(sides: readonly Named[]): string[] {
  return [...table(totals(sides), WIDTH), "", ...table(spreads(sides), WIDTH), ...notes(sides)];
}

const totalsOf: readonly (readonly [label: string, value: (metrics: Metrics) => number | undefined])[] = [
  ["requests answered", ({ completed }) => completed],
  ["requests failed", ({ failed }) => failed],
  ["duration, s", ({ duration }) => duration],
  ["input tokens", ({ inputTokens }) => inputTokens],
  ["of them cached", ({ cachedTokens }) => cachedTokens],
  ["output tokens", ({ outputTokens }) => outputTokens],
  ["requests per s", ({ requestThroughput }) => requestThroughput],
  ["good requests per s", ({ goodput }) => goodput],
  ["output tokens per s", ({ outputThroughput }) => outputThroughput],
  ["total tokens per s", ({ totalThroughput }) => totalThroughput],
  ["most output tokens in 1 s", ({ peakOutput }) => peakOutput],
  ["most requests in flight", ({ peakConcurrent }) => peakConcurrent],
];

function totals(sides: readonly Named[]): Row[] {
  return totalsOf.flatMap(([label, value]) => {
    const values = sides.map(({ metrics }) => value(metrics));
    if (values.some((each) => each === undefined)) return [];
    const cells = sides.map(({ name }, i) => [name, short(values[i] as number)]);
    const [first, second] = values as number[];
    const ratio = sides.length === 2 && first > 0 ? [["ratio", short(second / first)]] : [];
    return [{ "": label, ...(Object.fromEntries([...cells, ...ratio]) as Row) }];
  });
}

const spreadsOf = [
  ["TTFT", "ttft"],
  ["first frame", "firstFrame"],
  ["TPOT", "tpot"],
  ["ITL", "itl"],
  ["ICL", "icl"],
  ["E2EL", "e2el"],
  ["sent too late", "late"],
  ["held back", "held"],
] as const;

function spreads(sides: readonly Named[]): Row[] {
  return spreadsOf.flatMap(([label, key]) =>
    sides.flatMap(({ name, metrics }) => {
      const spread = metrics[key];
      if (!spread || (key === "icl" && sameAsItl(metrics))) return [];
      return [{ ms: sides.length > 1 ? `${label}, ${name}` : label, ...cells(spread) }];
    }),
  );
}

/** Whether each frame had one token, so that gaps of frames are gaps of tokens. */
function sameAsItl({ itl, icl }: Metrics): boolean {
  return itl?.count === icl?.count && itl?.mean === icl?.mean && itl?.std === icl?.std;
}

function cells({ mean, median, std, percentiles }: Distribution): Row {
  const more = Object.entries(percentiles).filter(([name]) => name !== "p50");
  const all = [["mean", mean], ["median", median], ["std", std], ...more] as const;
  return Object.fromEntries(all.map(([name, value]) => [name, short(value)]));
}

/** What the numbers do not say. */
function notes(sides: readonly Named[]): string[] {
  return sides.flatMap(({ name, metrics: { uncounted, failures } }) => {
    const whose = sides.length > 1 ? `${name}: ` : "";
    const failed = failures.map(({ message, count }) => `${whose}${count} × ${message}`);
    if (uncounted === 0) return failed;
    return [
      ...failed,
      `${whose}the server did not count the tokens of ${uncounted} answers: their frames were counted`,
    ];
  });
}

/** Four digits. */
function short(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}
