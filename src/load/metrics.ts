/**
 * What is measured, by the names and definitions of vLLM's `bench serve`. Departures, each because a number would else mislead:
 * TTFT ends with the first content that can be read (as SGLang and AIPerf have it), and with the first frame that has a choice, vLLM's
 * TTFT, a number of its own; the gap before a frame of n tokens is n gaps of an nth (as SGLang's metric), and the gaps between frames,
 * vLLM's ITL and AIPerf's ICL, are beside it.
 */
import type { LoadRun } from "./run.ts";
import type { Outcome } from "./stamps.ts";
import { type Distribution, distribution } from "./statistics.ts";

/** What a request must keep to be a good one; in milliseconds. */
export interface Objectives {
  readonly ttft?: number;
  readonly tpot?: number;
  readonly e2el?: number;
}

/** How to sum a run up. */
export interface MetricsOptions {
  /** Percentiles that are wanted, from 0 to 100. */
  readonly percentiles?: readonly number[];
  readonly goodput?: Objectives;
}

/** A kind of failure, and how many requests had it. */
export interface FailureCount {
  readonly message: string;
  readonly count: number;
}

/** A run in numbers. Distributions are in milliseconds; one of nothing is not there. */
export interface Metrics {
  /** Requests that were answered to the end, and that were not. */
  readonly completed: number;
  readonly failed: number;
  /** Seconds from the start until the last request had ended. */
  readonly duration: number;
  /** Tokens of the prompts of completed requests, of these from a cache, and of their answers. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** Requests of which the server did not say how many tokens the answer had: their frames were counted. */
  readonly uncounted: number;
  /** Per second. */
  readonly requestThroughput: number;
  readonly outputThroughput: number;
  readonly totalThroughput: number;
  /** Requests per second that kept all objectives. */
  readonly goodput?: number;
  /** Most output tokens in one second, of the seconds since the first request was sent. */
  readonly peakOutput: number;
  /** Most requests in flight at once. */
  readonly peakConcurrent: number;
  /** Time to the first content. */
  readonly ttft?: Distribution;
  /** Time to the first frame with a choice. */
  readonly firstFrame?: Distribution;
  /** Per request: (E2EL − TTFT) / (tokens − 1), of answers of more than one token. */
  readonly tpot?: Distribution;
  /** Per token after the first content. */
  readonly itl?: Distribution;
  /** Per frame after the first content. */
  readonly icl?: Distribution;
  /** From sending to the last token. */
  readonly e2el?: Distribution;
  /** How late the generator was, in an open loop. */
  readonly late?: Distribution;
  /** How long requests then waited for one of the places, in an open loop with a limit. */
  readonly held?: Distribution;
  readonly failures: readonly FailureCount[];
}

/** The times of one completed request, in milliseconds. */
export interface RequestTimes {
  readonly ttft: number;
  readonly firstFrame: number;
  readonly e2el: number;
  /** Undefined for one token. */
  readonly tpot?: number;
  readonly itl: readonly number[];
  readonly icl: readonly number[];
  readonly outputTokens: number;
}

/** The times of a request. @returns undefined where no token came. */
export function timesOf({ start, stamps, firstFrame, usage }: Outcome): RequestTimes | undefined {
  if (stamps.length === 0) return undefined;
  const outputTokens = usage.output ?? stamps.reduce((sum, { tokens = 1 }) => sum + tokens, 0);
  const first = Math.max(
    0,
    stamps.findIndex(({ content }) => content),
  );
  const ttft = stamps[first].at - start;
  const e2el = stamps[stamps.length - 1].at - start;
  const later = stamps.slice(first + 1);
  const gaps = later.map(({ at, tokens }, i) => ({ gap: at - stamps[first + i].at, tokens: tokens ?? 1 }));
  return {
    ttft,
    firstFrame: (firstFrame ?? stamps[0].at) - start,
    e2el,
    tpot: outputTokens > 1 ? (e2el - ttft) / (outputTokens - 1) : undefined,
    itl: gaps.flatMap(({ gap, tokens }) => Array<number>(tokens).fill(gap / tokens)),
    icl: gaps.map(({ gap }) => gap),
    outputTokens,
  };
}

/** Sums a run up. */
export function metricsOf({ outcomes, duration, late, held }: LoadRun, options: MetricsOptions = {}): Metrics {
  const { percentiles = [50, 90, 99], goodput } = options;
  const completed = outcomes.flatMap((outcome) => {
    const times = outcome.failure ? undefined : timesOf(outcome);
    return times ? [{ outcome, times }] : [];
  });
  const seconds = duration / 1000;
  const perSecond = (count: number): number => (seconds > 0 ? count / seconds : 0);
  const spread = (values: readonly number[]): Distribution | undefined => distribution(values, percentiles);
  const times = completed.map((each) => each.times);
  const outputTokens = times.reduce((sum, each) => sum + each.outputTokens, 0);
  const total = (what: "input" | "cached"): number =>
    completed.reduce((sum, { outcome }) => sum + (outcome.usage[what] ?? 0), 0);
  const inputTokens = total("input");
  return {
    completed: completed.length,
    failed: outcomes.length - completed.length,
    duration: seconds,
    inputTokens,
    cachedTokens: total("cached"),
    outputTokens,
    uncounted: completed.filter(({ outcome }) => outcome.usage.output === undefined).length,
    requestThroughput: perSecond(completed.length),
    outputThroughput: perSecond(outputTokens),
    totalThroughput: perSecond(inputTokens + outputTokens),
    goodput: goodput && perSecond(times.filter((each) => isGood(each, goodput)).length),
    peakOutput: peakOutput(completed.map(({ outcome }) => outcome)),
    peakConcurrent: peakConcurrent(
      completed.map(({ outcome, times: { e2el } }) => [outcome.start, outcome.start + e2el]),
    ),
    ttft: spread(times.map(({ ttft }) => ttft)),
    firstFrame: spread(times.map(({ firstFrame }) => firstFrame)),
    tpot: spread(times.flatMap(({ tpot }) => tpot ?? [])),
    itl: spread(times.flatMap(({ itl }) => itl)),
    icl: spread(times.flatMap(({ icl }) => icl)),
    e2el: spread(times.map(({ e2el }) => e2el)),
    late: spread(late),
    held: held.some((each) => each > 0) ? spread(held) : undefined,
    failures: failuresOf(outcomes),
  };
}

/** One token has no time per further token, which is 0 then. */
function isGood({ ttft, tpot = 0, e2el }: RequestTimes, most: Objectives): boolean {
  return ttft <= (most.ttft ?? Infinity) && tpot <= (most.tpot ?? Infinity) && e2el <= (most.e2el ?? Infinity);
}

function peakOutput(outcomes: readonly Outcome[]): number {
  const from = outcomes.reduce((least, { start }) => Math.min(least, start), Infinity);
  const seconds = new Map<number, number>();
  for (const { at, tokens = 1 } of outcomes.flatMap(({ stamps }) => stamps)) {
    const second = Math.floor((at - from) / 1000);
    seconds.set(second, (seconds.get(second) ?? 0) + tokens);
  }
  return [...seconds.values()].reduce((most, each) => Math.max(most, each), 0);
}

/** Most spans that overlap. One that begins where another ends does not overlap it. */
function peakConcurrent(spans: readonly (readonly [from: number, to: number])[]): number {
  const changes = spans.flatMap(([from, to]) => [[from, 1] as const, [to, -1] as const]);
  changes.sort(([a, up], [b, down]) => a - b || up - down);
  let [now, most] = [0, 0];
  for (const [, change] of changes) most = Math.max(most, (now += change));
  return most;
}

function failuresOf(outcomes: readonly Outcome[]): FailureCount[] {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) {
    const message = failureText(outcome);
    if (message !== undefined) counts.set(message, (counts.get(message) ?? 0) + 1);
  }
  return [...counts].map(([message, count]) => ({ message, count })).sort((a, b) => b.count - a.count);
}

/** Why a request counts as failed. */
function failureText({ failure, stamps }: Outcome): string | undefined {
  if (failure) return failure.status === undefined ? failure.message : `${failure.status}: ${failure.message}`;
  return stamps.length === 0 ? "the answer had no token" : undefined;
}
