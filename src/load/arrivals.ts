/**
 * When requests are sent, as in vLLM's `bench serve`: gaps of the gamma distribution, of which a Poisson process (burstiness 1)
 * and a constant gap (burstiness ∞) are two cases. The times are stretched so that the last one is exactly count / rate, as seeds
 * would else differ by one or two per cent in how much they ask for.
 */
import { Draws } from "./draws.ts";

/** A rate that grows from the first request to the last. Its times are not stretched. */
export interface Ramp {
  /** Whether it grows by the same difference, or by the same factor, per request. */
  readonly kind: "linear" | "exponential";
  /** Requests per second at the first request. */
  readonly from: number;
  /** Requests per second at the last request. */
  readonly to: number;
}

/** When requests come. */
export interface ArrivalOptions {
  /** Requests per second; Infinity for all at once. A ramp takes its place. */
  readonly rate: number;
  /** The shape of the gaps: 1 for a Poisson process, less for bursts, more for even gaps, Infinity for equal ones. */
  readonly burstiness?: number;
  /** How the rate grows, if it does. */
  readonly ramp?: Ramp;
  /** An integer: the same one gives the same times. */
  readonly seed?: number;
}

/**
 * The times at which `count` requests are sent, in milliseconds from the start of the run.
 * @throws RangeError for a rate or a burstiness that is not positive.
 */
export function arrivalTimes(count: number, { rate, burstiness = 1, ramp, seed = 0 }: ArrivalOptions): number[] {
  for (const [name, value] of Object.entries({ rate, burstiness, ...(ramp && { from: ramp.from, to: ramp.to }) }))
    if (!(value > 0)) throw new RangeError(`${name} must be more than 0, and is ${value}.`);
  const draws = new Draws(seed);
  let time = 0;
  const times = Array.from({ length: count }, (_, i) => {
    time += gap(ramp ? rateAt(ramp, i / Math.max(count - 1, 1)) : rate, burstiness, draws);
    return time;
  });
  const stretch = ramp || time === 0 ? 1 : count / rate / time;
  return times.map((each) => 1000 * stretch * each);
}

/** Seconds until the next request. */
function gap(rate: number, burstiness: number, draws: Draws): number {
  if (rate === Infinity) return 0;
  return burstiness === Infinity ? 1 / rate : draws.gamma(burstiness, 1 / (rate * burstiness));
}

/** @param progress 0 for the first request, 1 for the last. */
function rateAt({ kind, from, to }: Ramp, progress: number): number {
  return kind === "linear" ? from + (to - from) * progress : from * (to / from) ** progress;
}
