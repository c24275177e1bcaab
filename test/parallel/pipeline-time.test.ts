/** The runner on virtual time: as long as the schedule's table says, to the last bit; messages of real operations included. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

interface Took {
  readonly name: string;
  readonly microBatches: number;
  readonly took: number;
  readonly planned: number;
}

const lengths = [
  { f: 1, i: 1, w: 1, message: 0 },
  { f: 1, i: 1, w: 1, message: 0.25 },
  { f: 1, i: 1.5, w: 0.75, message: 0.5 },
];

describe.each([1, 2, 3, 4, 5])("%i ranks take as long as planned", { timeout: 60_000 }, (ranks) => {
  it.each(lengths)("F $f, I $i, W $w, messages $message ms", async (options) => {
    const link = { within: { bytesPerSecond: Number.MAX_VALUE, latency: options.message } };
    const { failure, shown } = await runProgram("test/programs/pipeline-time.ts", {
      ranks,
      transport: "local",
      clock: "virtual",
      ...(options.message > 0 ? { link } : {}),
      options: { ...options },
    });
    expect(failure?.message).toBe(undefined);
    const last = new Map<string, Took>();
    for (const { shown: what } of shown) {
      if (what.kind !== "row") continue;
      const row = what.row as unknown as Took;
      const key = `${row.name}, ${row.microBatches} micro-batches`;
      if (row.took > (last.get(key)?.took ?? -1)) last.set(key, row);
    }
    expect(last.size).toBe(5 * 5);
    for (const [key, { took, planned }] of last) expect(`${key}: ${took}`).toBe(`${key}: ${planned}`);
  });
});
