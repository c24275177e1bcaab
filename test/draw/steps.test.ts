/** A run step by step: the story is whole, in each rank's order, and the buffers are those that the ranks had. */
import { describe, expect, it } from "vitest";
import { bufferLines, buffersAt, stepLine, stepsOf, stepsText } from "../../src/draw/index.ts";
import type { Glimpse, RankTraffic } from "../../src/world/index.ts";
import { runProgram } from "../helpers/jobs.ts";

describe.each(["local", "shm", "tcp"] as const)("over %s", (transport) => {
  it.each([1, 2, 3, 5])("%i ranks: what ends has what its rank then held", async (ranks) => {
    // Where a thread of its own does the operations, it sees the tensors of each and not whose parts they are.
    const job = { ranks, transport, recorded: true, glimpsed: 8, streams: "inline" } as const;
    const { failure, records, shown } = await runProgram("test/programs/steps.ts", job);
    expect(failure?.message).toBeUndefined();
    const steps = stepsOf(records.map(({ traffic }) => traffic));
    expect(steps.filter(({ kind }) => kind === "stuck")).toEqual([]);
    for (let rank = 0; rank < ranks; rank++) {
      const own = steps.filter((step) => step.rank === rank);
      // What was called has ended, and not before.
      for (const { text } of own) {
        const at = (kind: string): number => own.findIndex((each) => each.kind === kind && each.text === text);
        expect(at("calls")).toBeGreaterThanOrEqual(0);
        expect(at("ends")).toBeGreaterThan(at("calls"));
      }
      expect(own.map(({ text }) => text)).toEqual(expect.arrayContaining(["allReduce(sum, f32[4])"]));
    }
    const last = buffersAt(steps, steps.length - 1, ranks);
    for (const { rank, shown: what } of shown) {
      const { x, sum } = (what as { row: Record<string, string> }).row;
      const values = last[rank].map((glimpse) => JSON.stringify(glimpse.values));
      expect(values).toContain(sum);
      if (ranks > 1) expect(values).toContain(x);
    }
  });
});

const glimpse = (more: Partial<Glimpse>): Glimpse => ({
  ...{ buffer: 0, dtype: "f32", size: 4, from: 0, to: 4, first: 0, values: [1, 2, 3, 4] },
  ...more,
});

/** One rank that called a recv which ended, and one that never did. */
function story(seen: readonly Glimpse[]): RankTraffic[] {
  const common = { operation: 0, kind: "recv", group: 0, seq: 0 } as const;
  const operations = (done: boolean) => [
    { text: "recv(f32[2]) from rank 1", site: "answer.ts:7", kind: "recv" as const, done },
  ];
  return [
    {
      events: [
        { event: "issue", time: 1, ...common },
        { event: "end", time: 3, ...common, seen },
      ],
      operations: operations(true),
      dropped: 0,
    },
    { events: [{ event: "issue", time: 2, ...common }], operations: operations(false), dropped: 0 },
  ];
}

describe("as text", () => {
  it("steps in the order of time, then what never ended", () => {
    const steps = stepsOf(story([glimpse({ from: 1, to: 3 })]));
    expect(stepsText(steps, 2)).toEqual([
      "1 rank 0 calls recv(f32[2]) from rank 1 (answer.ts:7)",
      "2 rank 1 calls recv(f32[2]) from rank 1 (answer.ts:7)",
      "3 rank 0 ends: recv(f32[2]) from rank 1 (answer.ts:7)",
      "  rank 0 │ f32[4]: 1 [2 3] 4",
      "4 rank 1 never ended: recv(f32[2]) from rank 1 (answer.ts:7)",
    ]);
    expect(bufferLines(steps, 1, 2)).toEqual(["  rank 0 │ nothing seen yet", "▸ rank 1 │ nothing seen yet"]);
    expect(bufferLines(steps, 2, 2)[0]).toBe("▸ rank 0 │ f32[4]: 1 [2 3] 4");
    expect(stepLine(steps[3])).toContain("never ended");
    expect(stepsText(steps, 2, 1)).toEqual([expect.stringMatching(/^1 /), "… and 3 more"]);
  });

  it.each([
    [glimpse({ values: [NaN, -Infinity, 1 / 3, 123_456_789] }), "f32[4]: [NaN -Infinity 0.3333 123500000]"],
    [glimpse({ size: 100, first: 50, from: 50, to: 52 }), "f32[100]: … [1 2] 3 4 …"],
    [glimpse({ size: 0, to: 0, values: [] }), "f32[0]:"],
  ])("%j", (seen, text) => {
    expect(bufferLines(stepsOf(story([seen])), 2, 2)[0]).toBe(`▸ rank 0 │ ${text}`);
  });

  it("never wider than 80 columns", () => {
    const values = Array.from({ length: 16 }, (_, i) => 1.2345678e12 * (i + 1));
    const steps = stepsOf(story([glimpse({ size: 16, to: 16, values })]));
    for (const line of [...bufferLines(steps, 2, 2), ...stepsText(steps, 2)])
      expect(line.length).toBeLessThanOrEqual(80);
  });
});
