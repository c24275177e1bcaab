/** Numbers by hand. */
import { describe, expect, it } from "vitest";
import { distribution, type LoadRun, metricsOf, type Outcome, percentile } from "../../src/load/index.ts";

/** An answered request: times of its tokens, one per frame, and how many tokens it had. */
function answered(start: number, ats: readonly number[], output: number | undefined = ats.length): Outcome {
  return {
    start,
    firstFrame: ats[0],
    stamps: ats.map((at) => ({ at, content: true })),
    end: (ats.at(-1) ?? start) + 3,
    text: "x".repeat(ats.length),
    usage: { input: 10, output, cached: 4 },
    finish: "length",
  };
}

const failed = (failure: Outcome["failure"]): Outcome => ({ ...answered(50, []), failure });
const run = (outcomes: readonly Outcome[], duration: number, more: Partial<LoadRun> = {}): LoadRun => ({
  outcomes,
  start: 0,
  duration,
  late: [],
  held: [],
  ...more,
});

describe("percentiles", () => {
  it("lie on the line between two numbers, as numpy's", () => {
    // numpy.percentile([1, 2, 4, 8], [0, 25, 50, 90, 99, 100])
    const found = [0, 25, 50, 90, 99, 100].map((p) => percentile([1, 2, 4, 8], p));
    for (const [i, want] of [1, 1.75, 3, 6.8, 7.88, 8].entries()) expect(found[i]).toBeCloseTo(want, 12);
    expect(percentile([7], 99)).toBe(7);
  });

  it("mean, median, standard deviation, and the names of percentiles", () => {
    expect(distribution([8, 2, 4, 2], [50, 99.9])).toEqual({
      count: 4,
      mean: 4,
      median: 3,
      std: Math.sqrt((16 + 4 + 0 + 4) / 4),
      most: 8,
      percentiles: { p50: 3, "p99.9": expect.closeTo(7.988, 9) },
    });
    expect(distribution([], [50])).toBeUndefined();
  });
});

describe("metrics", () => {
  // 0 ─ sent at 0, tokens at 100, 200, 300; 1 ─ sent at 100, tokens at 250 and 650; 2 ─ sent at 1000, one token at 1100.
  const outcomes = [answered(0, [100, 200, 300]), answered(100, [250, 650]), answered(1000, [1100])];

  it("of three requests in two seconds", () => {
    const metrics = metricsOf(run(outcomes, 2000), { percentiles: [50] });
    expect(metrics).toMatchObject({
      completed: 3,
      failed: 0,
      duration: 2,
      inputTokens: 30,
      cachedTokens: 12,
      outputTokens: 6,
      uncounted: 0,
      requestThroughput: 1.5,
      outputThroughput: 3,
      totalThroughput: 18,
      goodput: undefined,
      peakOutput: 5, // 100, 200, 250, 300 and 650 are in the first second
      peakConcurrent: 2,
      failures: [],
    });
    expect(metrics.ttft).toMatchObject({ count: 3, mean: (100 + 150 + 100) / 3, median: 100, most: 150 });
    expect(metrics.tpot).toMatchObject({ count: 2, mean: (100 + 400) / 2 }); // the third has one token only
    expect(metrics.itl).toMatchObject({ count: 3, mean: 200, median: 100 }); // 100, 100, 400: pooled
    expect(metrics.e2el).toMatchObject({ count: 3, mean: (300 + 550 + 100) / 3, median: 300 });
    expect(metrics.late).toBeUndefined();
  });

  it("goodput: all objectives at once, a limit that is just met counts, one token has no TPOT", () => {
    const good = (goodput: object) => metricsOf(run(outcomes, 2000), { goodput }).goodput;
    expect(good({})).toBe(1.5);
    expect(good({ ttft: 100 })).toBe(1);
    expect(good({ ttft: 99.9 })).toBe(0);
    expect(good({ tpot: 100 })).toBe(1);
    expect(good({ tpot: 0 })).toBe(0.5);
    expect(good({ e2el: 300 })).toBe(1);
    expect(good({ ttft: 150, tpot: 400, e2el: 549 })).toBe(1);
    expect(good({ ttft: 100, e2el: 100 })).toBe(0.5);
  });

  it("where one request ends when the next begins, one is in flight", () => {
    expect(metricsOf(run([answered(0, [10, 50]), answered(50, [60])], 100)).peakConcurrent).toBe(1);
    expect(metricsOf(run([answered(0, [10, 51]), answered(50, [60])], 100)).peakConcurrent).toBe(2);
  });

  it("a second that begins with the first request, not with the clock", () => {
    const late = [answered(700, [800, 1699]), answered(900, [1701])];
    expect(metricsOf(run(late, 2000)).peakOutput).toBe(2);
    const stamps = [
      { at: 800, tokens: 1, content: true },
      { at: 1000, tokens: 5, content: true },
    ];
    expect(metricsOf(run([{ ...answered(700, []), stamps }], 2000)).peakOutput).toBe(6);
  });

  it("a failed request counts nowhere but among the failed", () => {
    const refused = failed({ kind: "refused", status: 429, message: "full" });
    const metrics = metricsOf(run([outcomes[0], refused, failed({ kind: "lost", message: "cut" }), refused], 1000));
    expect(metrics).toMatchObject({ completed: 1, failed: 3, inputTokens: 10, requestThroughput: 1 });
    expect(metrics.failures).toEqual([
      { message: "429: full", count: 2 },
      { message: "cut", count: 1 },
    ]);
  });

  it("tokens of an answer that failed do not count either", () => {
    const cut = { ...outcomes[0], failure: { kind: "lost", message: "cut" } } as const;
    const metrics = metricsOf(run([cut, outcomes[1]], 1000), { goodput: {} });
    expect(metrics).toMatchObject({ completed: 1, failed: 1, outputTokens: 2, goodput: 1, peakOutput: 2 });
    expect(metrics.ttft?.count).toBe(1);
  });

  it("an answer without a token has failed", () => {
    const metrics = metricsOf(run([answered(0, [])], 1000));
    expect(metrics).toMatchObject({
      completed: 0,
      failed: 1,
      failures: [{ message: "the answer had no token", count: 1 }],
    });
    expect(metrics.ttft).toBeUndefined();
  });

  it("frames are counted where the server does not count tokens, and that is said", () => {
    const metrics = metricsOf(run([{ ...outcomes[0], usage: {} }, outcomes[1]], 1000));
    expect(metrics).toMatchObject({ outputTokens: 5, uncounted: 1, inputTokens: 10 });
  });

  it("the generator's own delays are told apart", () => {
    const metrics = metricsOf(run(outcomes, 2000, { late: [0, 1, 5], held: [0, 0, 0] }));
    expect(metrics.late).toMatchObject({ mean: 2, most: 5 });
    expect(metrics.held).toBeUndefined();
    expect(metricsOf(run(outcomes, 2000, { late: [0], held: [7] })).held).toMatchObject({ mean: 7 });
  });

  it("a run of nothing has no infinite rate", () => {
    expect(metricsOf(run([], 0))).toMatchObject({
      completed: 0,
      requestThroughput: 0,
      peakOutput: 0,
      peakConcurrent: 0,
    });
  });
});
