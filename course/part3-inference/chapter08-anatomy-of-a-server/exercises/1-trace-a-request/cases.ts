// Traces that 8.1 is tried on: one for each trap first, then drawn ones.
import { draws } from "worldsize/exercise";

/** A frame as a client got it; a frame of text brings one token or several. */
export interface Frame {
  readonly at: number;
  readonly text?: string;
  readonly finish?: string;
  readonly usage?: number;
}

/** Of one request, in milliseconds of one clock. */
export interface Trace {
  readonly sent: number;
  readonly queued: number;
  readonly scheduled: readonly number[];
  readonly frames: readonly Frame[];
}

export interface Measured {
  readonly ttft: number;
  readonly tpot: number;
  readonly itl: readonly number[];
  readonly e2el: number;
  readonly queue: number;
}

/** What a trace is about. */
export interface Case {
  readonly what: string;
  readonly trace: Trace;
}

const text = (times: readonly number[]): Frame[] => times.map((at, i) => ({ at, text: `w${i} ` }));

const fixed: readonly Case[] = [
  {
    what: "a plain request of 3 tokens",
    trace: { sent: 100, queued: 101, scheduled: [105], frames: [...text([130, 150, 190]), { at: 190, usage: 3 }] },
  },
  {
    what: "one whose first frame has the role and no text",
    trace: {
      ...{ sent: 0, queued: 2, scheduled: [40] },
      frames: [{ at: 4, text: "" }, ...text([90, 110]), { at: 110, finish: "stop" }, { at: 110, usage: 2 }],
    },
  },
  {
    what: "one whose end and usage come later than its last token",
    trace: {
      ...{ sent: 10, queued: 11, scheduled: [12] },
      frames: [...text([50, 60, 70, 80]), { at: 95, text: "", finish: "length" }, { at: 99, usage: 4 }],
    },
  },
  {
    what: "one with several tokens in a frame",
    trace: { sent: 0, queued: 1, scheduled: [1], frames: [...text([20, 50, 80]), { at: 81, usage: 7 }] },
  },
  {
    what: "one of a single token",
    trace: { sent: 5, queued: 6, scheduled: [7], frames: [...text([30]), { at: 31, finish: "length" }, { at: 31, usage: 1 }] }, // biome-ignore format: one trace
  },
  {
    what: "one that was preempted, and scheduled again",
    trace: { sent: 0, queued: 3, scheduled: [10, 70], frames: [...text([25, 45, 120]), { at: 120, usage: 3 }] },
  },
];

/** All traces of a check. */
export function casesOf(seed: number): Case[] {
  const random = draws(seed, 81);
  const whole = (from: number, to: number): number => from + Math.floor((to - from + 1) * random());
  const drawn = Array.from({ length: 6 }, (_, i) => {
    const sent = whole(0, 500);
    const queued = sent + whole(1, 9);
    const scheduled = [queued + whole(0, 80)];
    let at = scheduled[0];
    const times = Array.from({ length: whole(1, 9) }, () => {
      at += whole(5, 60);
      return at;
    });
    const end = at + whole(0, 9);
    const frames = [{ at: queued, text: "" }, ...text(times), { at: end, finish: "stop" }];
    return { what: `drawn ${i}`, trace: { sent, queued, scheduled, frames: [...frames, { at: end, usage: times.length + whole(0, 3) }] } }; // biome-ignore format: one trace
  });
  return [...fixed, ...drawn];
}

/** One that the server gave up: no token came. */
export const lost: Trace = { sent: 0, queued: 1, scheduled: [], frames: [{ at: 3, text: "" }] };

/** Bounds that goodput is asked for, and the seconds that the run took. */
export const bounds: readonly {
  readonly most: { readonly ttft: number; readonly tpot: number };
  readonly seconds: number;
}[] = [
  { most: { ttft: 45, tpot: 20 }, seconds: 8 },
  { most: { ttft: 1e6, tpot: 1e6 }, seconds: 2 },
  { most: { ttft: 45, tpot: 1e6 }, seconds: 4 },
  { most: { ttft: 1e6, tpot: 20 }, seconds: 4 },
];

const isToken = ({ text: piece = "" }: Frame): boolean => piece !== "";

export function measuredOf({ sent, queued, scheduled, frames }: Trace): Measured {
  const times = frames.filter(isToken).map(({ at }) => at);
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

export function goodputOf(traces: readonly Trace[], { most, seconds }: (typeof bounds)[number]): number {
  const good = traces.filter((trace) => {
    if (!trace.frames.some(isToken)) return false;
    const { ttft, tpot } = measuredOf(trace);
    return ttft <= most.ttft && tpot <= most.tpot;
  });
  return good.length / seconds;
}
