type Trace = {
  sent: number;
  queued: number;
  scheduled: number[];
  frames: { at: number; text?: string; usage?: number }[];
};

export function measure({ queued, scheduled, frames }: Trace) {
  const times = frames.filter(({ text }) => text).map(({ at }) => at);
  const tokens = frames.find(({ usage }) => usage)?.usage ?? times.length;
  const last = times[times.length - 1];
  return {
    ttft: times[0] - queued,
    e2el: last - queued,
    itl: times.slice(1).map((at, i) => at - times[i]),
    tpot: tokens > 1 ? (last - times[0]) / (tokens - 1) : 0,
    queue: scheduled[0] - queued,
  };
}

export function goodput(traces: Trace[], seconds: number, most: { ttft: number; tpot: number }): number {
  return traces.map(measure).filter(({ ttft, tpot }) => ttft <= most.ttft && tpot <= most.tpot).length / seconds;
}
