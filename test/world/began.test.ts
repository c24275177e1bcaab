/** An operation is called, begins when its stream has come to it and the one before it is over, and ends: in this order. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

describe.each(["inline", "threaded"] as const)("streams %s", (streams) => {
  it.each(["shm", "tcp"] as const)("spans say when operations began, over %s", async (transport) => {
    // So slow that the second is called while the first is on its way, however late this machine lets a rank run.
    const link = { within: { bytesPerSecond: 1e6, latency: 1 } };
    const options = { ranks: 2, transport, streams, traced: true, link };
    const { failure, shown } = await runProgram("test/programs/began.ts", options);
    expect(failure?.message).toBe(undefined);
    expect(shown).toHaveLength(2);
    for (const { shown: what } of shown) {
      const row = what.kind === "row" ? what.row : {};
      const [first, second] = JSON.parse(String(row.sums)) as [called: number, began: number, ended: number][];
      for (const [called, began, ended] of [first, second]) {
        expect(called).toBeLessThanOrEqual(began);
        expect(began).toBeLessThan(ended);
      }
      expect(second[1]).toBeGreaterThanOrEqual(first[2] - 1);
      expect(first[1]).toBeGreaterThanOrEqual(Number(row.computed) - 1);
      // It was called long before: at once after the first.
      expect(second[0]).toBeLessThan(first[2]);
    }
  });
});
