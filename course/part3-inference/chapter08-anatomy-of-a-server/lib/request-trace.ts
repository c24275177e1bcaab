// What happened to one request and when, as a line of numbers and as bars on an axis that several requests share.
import type { RequestTimes } from "worldsize/serve";

/** Moments of a request, in milliseconds of one clock. */
export interface RequestTrace {
  readonly id: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Its bytes are there. */
  readonly received: number;
  /** Its prompt is token ids. */
  readonly tokenized: number;
  /** It is in the engine's queue. */
  readonly queued: number;
  /** It is in a step for the first time. */
  readonly scheduled: number;
  /** Its prompt has been run: the first token is there. */
  readonly first: number;
  /** The first text has been written to the connection. */
  readonly text: number;
  /** Its last token was drawn. */
  readonly last: number;
  /** The end of the answer has been written. */
  readonly finished: number;
}

/** Puts together what the server and the loop have noted. */
export function traceOf(
  known: Pick<RequestTrace, "id" | "promptTokens" | "outputTokens" | "received" | "tokenized">,
  { queued, scheduled = queued, first = scheduled, finished: last = first }: RequestTimes,
  { text = last, finished }: { readonly text: number | undefined; readonly finished: number },
): RequestTrace {
  return { ...known, queued, scheduled, first, text, last, finished };
}

/** Times since it was received. */
export function stageLine(trace: RequestTrace): string {
  const since = (moment: number): string => (moment - trace.received).toFixed(1);
  const { tokenized, queued, scheduled, first, text, last, finished } = trace;
  return (
    `tokenized ${since(tokenized)}, queued ${since(queued)}, scheduled ${since(scheduled)}, ` +
    `first ${since(first)}, text ${since(text)}, last ${since(last)}, end ${since(finished)}`
  );
}

/** Columns of a bar. */
const COLUMNS = 56;

/** A bar for each request on one axis: q waits, P its prompt is run, d it decodes. */
export function timelineOf(traces: readonly RequestTrace[]): string[] {
  const from = Math.min(...traces.map(({ received }) => received));
  const until = Math.max(...traces.map(({ finished }) => finished));
  const column = (moment: number): number => Math.floor(((moment - from) / Math.max(until - from, 1e-6)) * COLUMNS);
  return traces.map(({ id, received, scheduled, first, last }) => {
    const bar = Array<string>(COLUMNS).fill("·");
    const fill = (start: number, end: number, letter: string): void => {
      for (let at = column(start); at < Math.max(column(end), column(start) + 1) && at < COLUMNS; at++)
        bar[at] = letter;
    };
    fill(first, last, "d");
    fill(received, scheduled, "q");
    fill(scheduled, first, "P");
    return `request ${String(id).padEnd(3)}${bar.join("")}`;
  });
}

/** Its times since it was received, in hundredths of a millisecond, to be kept. */
export function recordOf(trace: RequestTrace): RequestTrace {
  const { id, promptTokens, outputTokens, ...moments } = trace;
  const since = Object.entries(moments).map(([name, at]) => [name, Math.round(100 * (at - trace.received)) / 100]);
  return { id, promptTokens, outputTokens, ...(Object.fromEntries(since) as typeof moments) };
}
