/** Virtual time: what takes it, exactly, and what does not. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

async function timesOf(ranks: number, options: object = {}): Promise<number[][]> {
  const link = { within: { bytesPerSecond: 1e6, latency: 2 } };
  const job = { ranks, transport: "local", clock: "virtual", link, ...options } as const;
  const { failure, shown } = await runProgram("test/programs/virtual-time.ts", { ...job, options: {} });
  expect(failure?.message).toBe(undefined);
  const times: number[][] = [];
  for (const { rank, shown: what } of shown) {
    if (what.kind === "row") times[rank] = String(what.row.times).split(" ").map(Number);
  }
  return times;
}

describe("on links of 1 MB/s and 2 ms", { timeout: 60_000 }, () => {
  it("a message of 4000 bytes takes 6 ms, and a sleep what it says", async () => {
    const [[start, sent, worked], [, received, longer]] = await timesOf(2);
    expect([start, sent, worked]).toEqual([0, 6, 16]);
    expect([received, longer]).toEqual([6, 26]);
  });

  it("a barrier of two is over 2 ms after the last one came, and an allReduce takes one exchange", async () => {
    for (const [, , , met, summed] of await timesOf(2)) {
      expect(met).toBeGreaterThanOrEqual(28);
      expect(summed - 28).toBe(6);
    }
  });

  it("one rank waits for nobody", async () => expect(await timesOf(1)).toEqual([[0, 0, 10, 10, 10]]));

  it("is the same again, and under every order of turns where nothing competes", async () => {
    const first = await timesOf(3);
    expect(await timesOf(3)).toEqual(first);
    for (const interleaving of [1, 2, 3]) expect(await timesOf(3, { interleaving })).toEqual(first);
  });

  it("hours take no time", async () => {
    const link = { within: { bytesPerSecond: 1, latency: 3_600_000 } };
    const [[, sent]] = await timesOf(2, { link });
    expect(sent).toBe(3_600_000 + 4_000_000);
  });
});
