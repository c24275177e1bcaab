/** allToAll of rows whose numbers are known on the device alone: the numbers travel first, and then the rows. */
import { type Span, slice } from "../core/span.ts";
import type { Comm, Steps } from "../core/transport.ts";
import { directAllToAll } from "./direct.ts";

/** What an allToAllRows works on. */
export interface RowExchange {
  /** Room for the rows that come, in the order of the ranks that they come from. */
  readonly output: Span;
  /** The rows that go, in the order of the ranks that they go to; rows behind them stay. */
  readonly input: Span;
  /** Elements of a row. */
  readonly width: number;
  /** i32, one number of rows for each rank. */
  readonly sendCounts: Span;
  readonly receiveCounts: Span;
}

/** @throws RangeError for numbers of rows that are negative, or more than the input or the output has. */
export function* directAllToAllRows(comm: Comm, exchange: RowExchange): Steps {
  const { output, input, width, sendCounts, receiveCounts } = exchange;
  const each = (counts: Span): Span[] => Array.from({ length: comm.size }, (_, i) => slice(counts, i, i + 1));
  const sent = numbersOf(comm, sendCounts);
  check(
    sent,
    input.count,
    width,
    ({ rows, there }) => `the counts ${shown(sent)} of rows to send, ${rows} in all, and an input of ${there}`,
  );
  yield* directAllToAll(comm, each(receiveCounts), each(sendCounts));
  const received = numbersOf(comm, receiveCounts);
  check(
    received,
    output.count,
    width,
    ({ rows, there }) =>
      `an output of ${there} rows, and gets ${rows}: ${shown(received)} from each rank. Give it room for all that may come`,
  );
  yield* directAllToAll(comm, runs(output, received, width), runs(input, sent, width));
}

function numbersOf(comm: Comm, counts: Span): number[] {
  return [...new Int32Array(comm.peek(counts).slice().buffer)];
}

/** Runs of rows, one after the other. */
function runs(rows: Span, counts: readonly number[], width: number): Span[] {
  let from = 0;
  return counts.map((count) => {
    from += count;
    return slice(rows, (from - count) * width, from * width);
  });
}

function check(
  counts: readonly number[],
  elements: number,
  width: number,
  words: (numbers: { rows: number; there: number }) => string,
): void {
  const rows = counts.reduce((sum, count) => sum + count, 0);
  if (counts.every((count) => count >= 0) && rows * width <= elements) return;
  throw new RangeError(words({ rows, there: width > 0 ? elements / width : 0 }));
}

/** The first of a list of numbers. */
function shown(counts: readonly number[]): string {
  return `[${counts.slice(0, 16).join(",")}${counts.length > 16 ? ",…" : ""}]`;
}
