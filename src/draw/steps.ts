/**
 * A run, step by step: what each rank called and what ended, in the order in which it happened, and
 * what lay in the buffers of all ranks after each step. Built from recorded traffic; steps-text.ts
 * writes it.
 */
import type { Glimpse, RankTraffic } from "../world/index.ts";

/** One thing that happened on a rank. */
export interface Step {
  readonly rank: number;
  /** An operation is called, or ends, or never ended. */
  readonly kind: "calls" | "ends" | "stuck";
  /** `recv(f32[2]) from rank 0` */
  readonly text: string;
  /** `answer.ts:12`, where known. */
  readonly site: string;
  /** What was seen in this rank's buffers. */
  readonly seen: readonly Glimpse[];
}

/** What happened on all ranks, as one story. @param traffic of each rank. */
export function stepsOf(traffic: readonly RankTraffic[]): Step[] {
  const all = traffic.flatMap(({ events, operations }, rank) =>
    events.flatMap(({ event, time, operation, seen = [] }) => {
      const kind = event === "issue" ? ("calls" as const) : ("ends" as const);
      // What leaves is seen when it leaves: that belongs to the call before it, and is no step of its own.
      if (event !== "issue" && event !== "end" && event !== "send") return [];
      const { text, site } = operations[operation];
      return [{ time, message: event === "send", step: { rank, kind, text, site, seen } }];
    }),
  );
  const steps: Step[] = [];
  for (const { message, step } of all.sort((a, b) => a.time - b.time)) {
    if (!message) steps.push(step);
    else if (step.seen.length > 0) {
      const at = steps.findLastIndex(({ rank }) => rank === step.rank);
      if (at >= 0) steps[at] = { ...steps[at], seen: [...steps[at].seen, ...step.seen] };
    }
  }
  const stuck = traffic.flatMap(({ operations }, rank) =>
    operations
      .filter(({ done }) => !done)
      .map(({ text, site }): Step => ({ rank, kind: "stuck", text, site, seen: [] })),
  );
  return [...steps, ...stuck];
}

/** By rank: its buffers as they were last seen at this step or before, the latest first. */
export function buffersAt(steps: readonly Step[], at: number, ranks: number): Glimpse[][] {
  const buffers = Array.from({ length: ranks }, () => new Map<number, Glimpse>());
  for (const { rank, seen } of steps.slice(0, at + 1)) {
    for (const each of seen) {
      buffers[rank].delete(each.buffer);
      buffers[rank].set(each.buffer, each);
    }
  }
  return buffers.map((own) => [...own.values()].reverse());
}
