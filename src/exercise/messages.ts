/**
 * What a rank's messages show: how many were in flight at a time, and whether it waited too early.
 * Nothing here depends on how fast a message is; where it matters who comes first, the judge
 * asks only in a world of one thread, where a send never completes in the turn it begins in.
 */
import { type TrafficEvent, userFrame } from "../world/index.ts";

/** `1 message`, `2 messages` */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** The file that feeds an answer: what is thrown there is not the answer's line. */
const FEEDS = "exercise.ts";

/** ` (answer.ts:12)`: where an answer threw something, if that knows; an empty string for what does not. */
export function lineOf(thrown: unknown): string {
  try {
    const frame = userFrame(String((thrown as Error).stack));
    return frame && frame.file !== FEEDS ? ` (${frame.file}:${frame.line})` : "";
  } catch {
    return "";
  }
}

/** Where in a rank's events each of its operations was called, began, was awaited and ended. */
interface Life {
  readonly operation: number;
  readonly kind: string;
  readonly issue: number;
  begin: number;
  awaited: number;
  end: number;
}

function livesOf(events: readonly TrafficEvent[]): Life[] {
  const lives = new Map<number, Life>();
  for (const [at, { event, operation, kind }] of events.entries()) {
    const life = lives.get(operation);
    if (event === "issue") {
      lives.set(operation, { operation, kind, issue: at, begin: Infinity, awaited: Infinity, end: Infinity });
    } else if (!life) continue;
    else if (event === "await") life.awaited = Math.min(life.awaited, at);
    else if (event === "end") life.end = at;
    else life.begin = Math.min(life.begin, at);
  }
  return [...lives.values()];
}

/** Most of these spans that are open at a time. */
function mostOpen(spans: readonly (readonly [from: number, to: number])[]): number {
  return Math.max(0, ...spans.map(([at]) => spans.filter(([from, to]) => from <= at && at < to).length));
}

/**
 * Most messages that a rank had in flight at a time.
 * @returns `begun`: between beginning and end. That is at most what the answer meant to have in flight.
 * `kept`: called, and not yet both ended and waited for. That is at least what it meant.
 */
export function mostUnderWay(events: readonly TrafficEvent[]): { readonly begun: number; readonly kept: number } {
  const lives = livesOf(events);
  return {
    begun: mostOpen(lives.map(({ begin, end }) => [begin, end])),
    kept: mostOpen(lives.map(({ issue, awaited, end }) => [issue, Math.max(awaited, end)])),
  };
}

/**
 * The first operation that a rank waited for before it had called another one, and how many were in flight
 * then. A `.then` that lets the program go on is no wait; a stream that waits is one for what comes after it.
 * Only for worlds of one thread.
 */
export function waitedEarly(events: readonly TrafficEvent[]): { operation: number; started: number } | undefined {
  const lives = livesOf(events);
  for (const first of lives.toSorted((a, b) => a.awaited - b.awaited)) {
    const late = lives.filter(
      ({ issue, begin }) =>
        (first.awaited < first.end && first.end < issue) ||
        (first.kind === "send" && first.awaited < issue && first.end < begin),
    );
    if (late.length > 0) return { operation: first.operation, started: lives.length - late.length };
  }
  return undefined;
}
