// Times of a request as its client sees them, by the definitions of `vllm bench serve`.
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
  // The role, the end and the usage are frames, too; a token is where there is text.
  const times = frames.filter(({ text = "" }) => text !== "").map(({ at }) => at);
  const [first, last] = [times[0], times[times.length - 1]];
  const tokens = frames.find(({ usage }) => usage !== undefined)?.usage ?? times.length;
  return {
    ttft: first - sent,
    tpot: tokens > 1 ? (last - first) / (tokens - 1) : 0,
    itl: times.slice(1).map((time, i) => time - times[i]),
    e2el: last - sent,
    queue: scheduled[0] - queued,
  };
}

/** Requests per second that keep all bounds. */
export function goodput(traces: Trace[], seconds: number, most: { ttft: number; tpot: number }): number {
  const good = traces.filter((trace) => {
    const { ttft, tpot } = measure(trace);
    return ttft <= most.ttft && tpot <= most.tpot; // of a request without a token ttft is NaN, which is no number at most
  });
  return good.length / seconds;
}
