/**
 * Spans as a JSON file that ui.perfetto.dev and chrome://tracing open: one process per rank, one
 * thread per lane, complete events in microseconds (the Trace Event Format, "X" events). In that format, events of a thread
 * are apart or lie within each other, and others are drawn wrongly or lost: where spans of a lane overlap, it gets
 * further threads, "comm (2)". Times are whole nanoseconds, as Perfetto counts, so that rounding moves no end.
 */
import { extent } from "./extent.ts";
import type { Lane, Span } from "./trace.ts";
import { placeOnTracks } from "./tracks.ts";

const lanes: readonly Lane[] = ["host", "device", "comm"];

interface CompleteEvent {
  readonly ph: "X";
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: Span["args"];
}

/** @param ranks spans of each rank, index = rank. @returns the text of the file. */
export function toPerfetto(ranks: readonly (readonly Span[])[]): string {
  const [origin] = extent(ranks.flatMap((spans) => spans.map((span) => span.start))) ?? [0];
  const events: object[] = [];
  ranks.forEach((spans, pid) => {
    events.push({ ph: "M", name: "process_name", pid, args: { name: `rank ${pid}` } });
    events.push({ ph: "M", name: "process_sort_index", pid, args: { sort_index: pid } });
    const complete: CompleteEvent[] = [];
    let sort_index = 0;
    lanes.forEach((lane, first) => {
      const timed = spans.filter((span) => span.lane === lane).map((span) => nanoseconds(span, origin));
      let last = 0;
      for (const { span, track } of placeOnTracks(timed)) {
        const { name, args, start, end } = span;
        const tid = first + track * lanes.length;
        complete.push({ ph: "X", pid, tid, name, ts: start / 1000, dur: (end - start) / 1000, args });
        last = Math.max(last, track);
      }
      for (let track = 0; track <= last; track++) {
        const tid = first + track * lanes.length;
        const name = track === 0 ? lane : `${lane} (${track + 1})`;
        events.push({ ph: "M", name: "thread_name", pid, tid, args: { name } });
        events.push({ ph: "M", name: "thread_sort_index", pid, tid, args: { sort_index: sort_index++ } });
      }
    });
    // Of those that start together, the one that holds the others comes first, and stays there.
    for (const event of complete.sort((a, b) => a.ts - b.ts)) events.push(event);
  });
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: events });
}

/** A span in nanoseconds after the first one of all began. */
function nanoseconds(span: Span, origin: number): Span {
  const start = Math.round((span.start - origin) * 1e6);
  return { ...span, start, end: Math.max(start, Math.round((span.end - origin) * 1e6)) };
}
