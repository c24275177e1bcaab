type Trace = {
  sent: number;
  queued: number;
  scheduled: number[];
  frames: { at: number; text?: string; usage?: number }[];
};

export function measure(trace: Trace) {
  let first: number | undefined;
  let last = 0;
  let count = 0;
  const itl: number[] = [];
  for (const { at, text, usage } of trace.frames) {
    if (usage !== undefined) count = usage;
    if (!text) continue;
    if (first === undefined) first = at;
    else itl.push(at - last);
    last = at;
  }
  if (count === 0) count = itl.length + (first === undefined ? 0 : 1);
  const start = first ?? Infinity;
  return {
    ttft: start - trace.sent,
    e2el: last - trace.sent,
    itl,
    tpot: count < 2 ? 0 : (last - start) / (count - 1),
    queue: Math.min(...trace.scheduled) - trace.queued,
  };
}

export function goodput(traces: Trace[], seconds: number, most: { ttft: number; tpot: number }): number {
  let good = 0;
  for (const trace of traces) {
    const { ttft, tpot } = measure(trace);
    if (ttft <= most.ttft && tpot <= most.tpot) good++;
  }
  return good / seconds;
}
