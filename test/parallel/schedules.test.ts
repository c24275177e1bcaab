/** Schedules on virtual time against their formulas, what each rank keeps, and what is wrong with tables that others have written. */
import { describe, expect, it } from "vitest";
import {
  type Action,
  checkSchedule,
  gpipe,
  interleaved,
  oneForwardOneBackward,
  type PipelineShape,
  parseScheduleCsv,
  type Schedule,
  scheduleCsv,
  stageRanks,
  stepText,
  timeOf,
  withMessages,
  zeroBubbleH1,
  zeroBubbleV,
} from "../../src/parallel/index.ts";

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const shapes = range(1, 6).flatMap((ranks) => range(1, 14).map((microBatches) => ({ ranks, microBatches })));
const three = (shape: PipelineShape): Schedule => interleaved({ ...shape, chunks: 3 });
const kinds = { gpipe, "1f1b": oneForwardOneBackward, interleaved, three, "zb-h1": zeroBubbleH1, "zb-v": zeroBubbleV };

/** Lengths that are sums of powers of two, so that times are exact. */
const lengths = [
  { F: 1, I: 1, W: 1 },
  { F: 1, I: 1.5, W: 0.5 },
  { F: 2, I: 2.25, W: 1.75 },
];

describe("GPipe and 1F1B take (m + p - 1)(F + B): Narayanan et al., 2021", () => {
  it.each(shapes)("$ranks ranks, $microBatches micro-batches", ({ ranks: p, microBatches: m }) => {
    for (const durations of lengths) {
      const [F, B] = [durations.F, durations.I + durations.W];
      const [plain, better] = [gpipe, oneForwardOneBackward].map((make) =>
        timeOf(make({ ranks: p, microBatches: m }), durations),
      );
      for (const timing of [plain, better]) {
        expect(timing.makespan).toBe((m + p - 1) * (F + B));
        expect(timing.bubble).toBeCloseTo((p - 1) / (m + p - 1), 12);
      }
      expect(plain.peaks).toEqual(range(1, p).map(() => m));
      expect(better.peaks).toEqual(range(0, p - 1).map((rank) => Math.min(m, p - rank)));
    }
  });

  it("the curriculum's own numbers: 8 stages and 32 micro-batches", () => {
    const unit = { F: 1, I: 0.5, W: 0.5 };
    for (const make of [gpipe, oneForwardOneBackward]) {
      const { makespan, bubble } = timeOf(make({ ranks: 8, microBatches: 32 }), unit);
      expect(makespan).toBe(78);
      expect(bubble).toBeCloseTo(0.1795, 4);
    }
  });
});

describe("interleaved stages divide the bubble by their number", () => {
  it.each(shapes)("$ranks ranks, $microBatches micro-batches", ({ ranks: p, microBatches: m }) => {
    for (const chunks of [2, 3]) {
      const { makespan, peaks } = timeOf(interleaved({ ranks: p, chunks, microBatches: m }));
      const rounds = Math.ceil(m / p) * p;
      // A chunk's pass takes 3 units; the bubble of p - 1 of them is that of 1F1B (3 chunks each), divided by the chunks.
      if (m === rounds) {
        expect(makespan).toBe((m * chunks + p - 1) * 3);
        expect(peaks).toEqual(
          range(0, p - 1).map((rank) => Math.min(m * chunks, 2 * (p - rank - 1) + (chunks - 1) * p + 1)),
        );
      } else expect(makespan).toBeLessThanOrEqual((rounds * chunks + p - 1) * 3);
    }
  });
});

describe("zero bubble: Qi et al., 2023, their B is our I", () => {
  it.each(shapes)("ZB-H1, $ranks ranks, $microBatches micro-batches", ({ ranks: p, microBatches: m }) => {
    const schedule = zeroBubbleH1({ ranks: p, microBatches: m });
    const { makespan, peaks } = timeOf(schedule);
    // (p - 1)(F + I - W) of bubble, where there are as many micro-batches as ranks.
    expect(makespan).toBe(m >= p ? 3 * m + p - 1 : 2 * m + 2 * p - 1);
    expect(Math.max(...peaks)).toBe(Math.min(m, p));
  });

  it.each(shapes)("V, $ranks ranks, $microBatches micro-batches", ({ ranks: p, microBatches: m }) => {
    const { makespan, gaps, peaks } = timeOf(zeroBubbleV({ ranks: p, microBatches: m }));
    expect(Math.max(...peaks)).toBe(Math.min(2 * m, 2 * p));
    if (m < 2 * p) return;
    expect(gaps).toEqual(range(1, p).map(() => 0));
    expect(makespan).toBe(6 * m + p - 1);
  });
});

describe.each(Object.entries(kinds))("%s", (_, make) => {
  it("has each action once, and ends, at every shape", () => {
    for (const shape of shapes) {
      const schedule = make(shape);
      checkSchedule(schedule);
      expect(schedule.ranks.length).toBe(shape.ranks);
      expect(new Set(stageRanks(schedule)).size).toBe(shape.ranks);
    }
  });

  it("is for numbers from 1 on", () => {
    expect(() => make({ ranks: 2, microBatches: 0 })).toThrow("but got 0 micro-batches.");
    expect(() => make({ ranks: 1.5, microBatches: 2 })).toThrow("but got 1.5 ranks.");
  });

  it("is the same after writing and reading it", () => {
    for (const shape of shapes) {
      const schedule = make(shape);
      expect(parseScheduleCsv(scheduleCsv(schedule), schedule.name)).toEqual(schedule);
    }
  });

  it("has for each message one that sends it and one that receives it, and none within a rank", () => {
    for (const shape of shapes.filter(({ microBatches }) => microBatches % 3 === 1)) {
      const schedule = make(shape);
      const home = stageRanks(schedule);
      const sent: string[] = [];
      const received: string[] = [];
      for (const [rank, steps] of withMessages(schedule).entries()) {
        for (const [at, step] of steps.entries()) {
          if (!("peer" in step)) continue;
          expect(step.peer).not.toBe(rank);
          const ahead = step.kind.endsWith("F") ? 1 : -1;
          const isSend = step.kind.startsWith("SEND");
          const to = isSend ? step.stage + ahead : step.stage;
          (isSend ? sent : received).push(`${step.kind.at(-1)} of ${step.microBatch} to ${to}`);
          expect(home[isSend ? to : to - ahead]).toBe(step.peer);
          const own = steps.findIndex(
            (each) =>
              !("peer" in each) &&
              each.stage === step.stage &&
              each.microBatch === step.microBatch &&
              (step.kind.endsWith("F") ? each.kind === "F" : each.kind === "B" || each.kind === "I"),
          );
          expect(isSend ? own < at : own > at, stepText(step)).toBe(true);
        }
      }
      expect(received.sort()).toEqual(sent.sort());
      expect(new Set(sent).size).toBe(sent.length);
    }
  });
});

describe("a table that is wrong", () => {
  const right = "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n";
  it.each([
    ["a missing forward", right.replace("1F1,", ""), /: 1F1 is missing, the forward of stage 1 and micro-batch 1\.$/],
    ["a missing backward", right.replace(",0B1", ""), /: 0B1 is missing, the backward of stage 0 and micro-batch 1\.$/],
    ["half a backward", right.replace("0B1", "0I1"), /: 0W1 is missing, the gradients of the weights of stage 0/],
    ["the other half", right.replace("0B1", "0W1"), /: 0I1 is missing, the gradient of the input of stage 0/],
    [
      "a whole and a half",
      right.replace("0B1", "0B1,0W1"),
      /there whole and as a half: rank 0, action 3 and rank 0, action 4 \(0W1\)/,
    ],
    [
      "an action twice",
      right.replace("1B0", "1B0,1F0"),
      /: 1F0 is there twice: rank 1, action 0 and rank 1, action 2\.$/,
    ],
    [
      "a stage at two ranks",
      "0F0,1F0\n1B0,0B0\n",
      /Stage 0 is at rank 0 and at rank 1|Stage 1 is at rank 0 and at rank 1/,
    ],
    [
      "a deadlock",
      "0F0,0B0,0F1,0B1\n1F0,1F1,1B0,1B1\n",
      /deadlocks: rank 0 stops at 0B0 \(action 1\), which needs 1B0; rank 1 stops at 1F1 \(action 1\), which needs 0F1\.$/,
    ],
    ["a backward before its forward", "0B0,0F0\n", /deadlocks: rank 0 stops at 0B0 \(action 0\), which needs 0F0\.$/],
    [
      "no action",
      right.replace("0F1", "forward"),
      /^mine\.csv, line 1, cell 2: "forward" is no action\. Write stage, kind/,
    ],
    ["nothing", "\n", /^mine\.csv has no actions/],
    [
      "a number that is far too large",
      "0F0,0B0,999999F999999\n",
      /: 0F1 is missing\. Its 3 actions name 1000000 stages and/,
    ],
  ])("%s", (_, text, message) => {
    expect(() => parseScheduleCsv(text, "mine.csv")).toThrow(message);
  });

  it("idle cells and messages are left out", () => {
    const text = "0UNSHARD,0F0,0SEND_F0,,0RECV_B0,0B0,0REDUCE_GRAD\n,1RECV_F0,1F0,1B0,1SEND_B0\n";
    expect(scheduleCsv(parseScheduleCsv(text))).toBe("0F0,0B0\n1F0,1B0\n");
  });

  it("time has no end, either", () => {
    const action = (kind: Action["kind"]): Action => ({ kind, stage: 0, microBatch: 0 });
    expect(() => timeOf({ name: "mine", stages: 1, microBatches: 1, ranks: [[action("B"), action("F")]] })).toThrow(
      "mine never ends",
    );
  });
});
