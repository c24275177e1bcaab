/**
 * Spans as a JSON file that ui.perfetto.dev and chrome://tracing open: a process a rank,
 * a thread a lane, complete events in microseconds (the Trace Event Format, "X" events).
 */
import { extent } from "./extent.ts";
import type { Lane, Span } from "./trace.ts";

const lanes: readonly Lane[] = ["host", "device", "comm"];

/** @param ranks spans of each rank, index = rank. @returns the text of the file. */
export function toPerfetto(ranks: readonly (readonly Span[])[]): string {
  const [origin] = extent(ranks.flatMap((spans) => spans.map((span) => span.start))) ?? [0];
  const events: object[] = [];
  ranks.forEach((spans, pid) => {
    events.push({ ph: "M", name: "process_name", pid, args: { name: `rank ${pid}` } });
    events.push({ ph: "M", name: "process_sort_index", pid, args: { sort_index: pid } });
    lanes.forEach((lane, tid) => {
      events.push({ ph: "M", name: "thread_name", pid, tid, args: { name: lane } });
    });
    for (const { lane, name, start, end, args } of spans) {
      const ts = (start - origin) * 1000;
      events.push({ ph: "X", pid, tid: lanes.indexOf(lane), name, ts, dur: (end - start) * 1000, args });
    }
  });
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: events });
}
