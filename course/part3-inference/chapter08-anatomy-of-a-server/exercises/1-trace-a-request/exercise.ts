// Checks 8.1: times of requests by the definitions of vLLM's benchmark. What is judged stands in judge.ts.
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import { bounds, casesOf, lost, measuredOf, type Trace } from "./cases.ts";
import { judgeGoodput, judgeMeasured } from "./judge.ts";

interface TraceAnswer extends Answer {
  measure(trace: Trace): unknown;
  goodput(traces: Trace[], seconds: number, most: { ttft: number; tpot: number }): unknown;
}

interface Report {
  readonly measured: readonly unknown[];
  readonly goodputs: readonly unknown[];
}

const copyOf = (trace: Trace): Trace => ({
  ...trace,
  scheduled: [...trace.scheduled],
  frames: trace.frames.map((frame) => ({ ...frame })),
});

export default defineExercise<Report>({
  number: "8.1",
  title: "Trace a request",
  exports: ["measure", "goodput"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "Take a sheet of paper and one trace. Which of its frames brought a token? Cross out the others: the role, the end, the usage. All but one of the numbers come from what is left, and from when the client sent the request.",
    "With the times of frames with text: first minus sent, last minus sent, differences of neighbors. How many tokens there were says usage, not the number of frames. The queue ends when the request is scheduled for the first time.",
    "ttft = first - sent; e2el = last - sent; tpot = tokens > 1 ? (last - first) / (tokens - 1) : 0; queue = scheduled[0] - queued. goodput: traces that have a frame with text and keep both bounds, divided by seconds.",
  ],
  questions: [
    {
      ask: "Tokens come 20, 50 and 80 ms after a request was sent, in three frames; usage says 7 tokens. What is TPOT, in ms?",
      world: 1,
      answer: () => measuredOf(casesOf(1)[3].trace).tpot,
      because: "(80 - 20) / (7 - 1) = 10. The gaps that a reader sees are 30 ms: here a frame brings several tokens.",
    },
    {
      ask: "A request was queued at 3 ms, scheduled at 10, preempted, and scheduled again at 70. How long was it in the queue, in ms?",
      world: 1,
      answer: () => measuredOf(casesOf(1)[5].trace).queue,
      because:
        "7: until it was scheduled for the first time. The preemption makes one gap between its tokens long, 75 ms.",
    },
  ],
  async run(answer, { seed }) {
    const { measure, goodput } = answer as TraceAnswer;
    const traces = casesOf(seed).map(({ trace }) => trace);
    return {
      measured: traces.map((trace) => plainOf(measure(copyOf(trace)))),
      goodputs: bounds.map(({ most, seconds }) =>
        plainOf(goodput([...traces, lost].map(copyOf), seconds, { ...most })),
      ),
    };
  },
  judge({ seed, reports: [{ measured, goodputs }] }) {
    const cases = casesOf(seed);
    for (const [i, each] of cases.entries()) judgeMeasured(measured[i], each);
    judgeGoodput(
      goodputs,
      cases.map(({ trace }) => trace),
    );
  },
});
