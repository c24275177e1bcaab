// Judges 8.1: each number of each trace, then goodput, and what wrong ones may come from.
import { formed, short, Wrong } from "worldsize/exercise";
import { bounds, type Case, goodputOf, lost, type Measured, measuredOf, type Trace } from "./cases.ts";

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));

/** @throws Wrong for the first number of a trace that is another one. */
export function judgeMeasured(value: unknown, { what, trace }: Case): void {
  const form = { ttft: "number", tpot: "number", itl: ["number"], e2el: "number", queue: "number" } as const;
  const got = formed<Measured>(value, form, `${what}: measure(trace)`);
  const right = measuredOf(trace);
  const wrong = (name: keyof Measured): boolean => name !== "itl" && !near(got[name], right[name]);
  const says = (name: Exclude<keyof Measured, "itl">): string =>
    `${what}: ${name} is ${short(got[name])} and should be ${short(right[name])}.`;
  const all = trace.frames;
  const since = (at: number): number => at - trace.sent;
  if (wrong("ttft")) {
    const isRole = near(got.ttft, since(all[0].at)) && all[0].text === "";
    const hint = isRole
      ? " That is the frame with the role: it has no text, and comes before the prompt has been run."
      : near(got.ttft, right.ttft - (trace.queued - trace.sent))
        ? " It counts from when the client has sent it."
        : "";
    throw new Wrong("time to first token", `${says("ttft")}${hint}`);
  }
  if (wrong("e2el")) {
    const isLast = near(got.e2el, since(all[all.length - 1].at));
    const hint = isLast ? " The last frame has no token in it: the last one with text counts." : "";
    throw new Wrong("end-to-end latency", `${says("e2el")}${hint}`);
  }
  if (wrong("tpot")) {
    const frames = all.filter(({ text = "" }) => text !== "").length;
    const hint =
      !Number.isFinite(got.tpot) || (right.tpot === 0 && frames === 1)
        ? " With one token there is no time between tokens: 0."
        : near(got.tpot, (right.e2el - right.ttft) / (frames - 1))
          ? " That divides by frames. A frame can have several tokens; usage says how many there were."
          : near(got.tpot * (right.itl.length || 1), right.e2el - right.ttft) || got.tpot < right.tpot
            ? " Between n tokens there are n - 1 gaps."
            : " The time to the first token is not part of it.";
    throw new Wrong("time per output token", `${says("tpot")}${hint}`);
  }
  if (got.itl.length !== right.itl.length || got.itl.some((gap, i) => !near(gap, right.itl[i]))) {
    const words = (gaps: readonly number[]): string => `[${gaps.map(short).join(", ")}]`;
    throw new Wrong(
      "inter-token latencies",
      `${what}: itl is ${words(got.itl)} and should be ${words(right.itl)}: one gap for each frame with text but the first.`,
    );
  }
  if (wrong("queue")) {
    const { scheduled, queued } = trace;
    const isLast = scheduled.length > 1 && near(got.queue, scheduled[scheduled.length - 1] - queued);
    const hint = isLast ? " That is until it was scheduled again; what a preemption costs is in its gaps." : "";
    throw new Wrong("time in the queue", `${says("queue")}${hint}`);
  }
}

/** @throws Wrong for the first bounds with another goodput. */
export function judgeGoodput(values: readonly unknown[], traces: readonly Trace[]): void {
  const all = [...traces, lost];
  for (const [i, bound] of bounds.entries()) {
    const { most, seconds } = bound;
    const what = `${all.length} requests in ${seconds} s, ttft at most ${most.ttft}, tpot at most ${most.tpot}`;
    const got = formed<number>(values[i], "number", `${what}: goodput(…)`);
    const right = goodputOf(all, bound);
    if (near(got, right)) continue;
    const one = (of: "ttft" | "tpot"): number =>
      traces.filter((trace) => measuredOf(trace)[of] <= most[of]).length / seconds;
    const either = traces.filter((trace) => {
      const { ttft, tpot } = measuredOf(trace);
      return ttft <= most.ttft || tpot <= most.tpot;
    }).length;
    const isEither = [either, either + 1].some((count) => near(got * seconds, count) && count > right * seconds + 1);
    const hint =
      isEither || near(got, one("ttft")) || near(got, one("tpot"))
        ? " A request counts if it keeps all bounds."
        : near(got, right + 1 / seconds)
          ? " One of them got no token at all."
          : near(got, right * seconds)
            ? " It is per second."
            : "";
    throw new Wrong("goodput", `${what}: ${short(got)} per second, and it should be ${short(right)}.${hint}`);
  }
}
