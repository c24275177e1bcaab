// What spans say of a step: when backward's kernels ran, when messages were on their way, and how much of it was hidden.
import type { Span } from "worldsize";

/** A stretch of time, in milliseconds. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** From the first start to the last end. */
export function stretchOf(spans: readonly Stretch[]): Stretch {
  return { start: Math.min(...spans.map(({ start }) => start)), end: Math.max(...spans.map(({ end }) => end)) };
}

/** Time in which at least one of them runs. */
export function busy(spans: readonly Stretch[]): number {
  let [time, until] = [0, -Infinity];
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    time += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return time;
}

/** The share of what could be hidden that was: of two things, at best all of the shorter one. 0 to 1, but for noise. */
export function hiddenShare(sequential: number, overlapped: number, communication: number, backward: number): number {
  return (sequential - overlapped) / Math.min(communication, backward);
}

/** Kernels of this rank's device. */
export const kernels = (spans: readonly Span[]): Span[] => spans.filter(({ lane }) => lane === "device");

/** Sums of gradients, from where the stream has come to them: they are called earlier, and wait. */
export const reductions = (spans: readonly Span[]): Span[] =>
  spans
    .filter(({ lane, name }) => lane === "comm" && name === "allReduce")
    .map((span) => ({ ...span, start: Number(span.args?.began) }));
