// Exercise 8.1: what a trace says of a request.
interface Frame {
  at: number;
  text?: string;
  finish?: string;
  usage?: number;
}

interface Trace {
  sent: number;
  queued: number;
  scheduled: number[];
  frames: Frame[];
}

/** All in milliseconds. */
export function measure({ sent, queued, scheduled, frames }: Trace): {
  ttft: number;
  tpot: number;
  itl: number[];
  e2el: number;
  queue: number;
} {
  return { ttft: frames[0].at - sent, tpot: 0, itl: [], e2el: 0, queue: scheduled[0] - queued };
}

/** Requests per second that keep all bounds. */
export function goodput(traces: Trace[], seconds: number, _most: { ttft: number; tpot: number }): number {
  return traces.length / seconds;
}
