/** The norm of gradients that ranks have parts of (case 9), for norms 1, 2, 3 and ∞. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

type Row = Readonly<Record<string, string | number>>;

async function rowsOf(
  ranks: number,
  transport: "local" | "shm" | "tcp",
  streams: "inline" | "threaded",
): Promise<Row[]> {
  const { failure, shown } = await runProgram("test/programs/norms.ts", {
    ranks,
    transport,
    streams,
    traced: true,
    options: {},
  });
  expect(failure?.message).toBe(undefined);
  return shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row as Row] : []));
}

const transports = cases(
  [
    ["local", "inline"],
    ["shm", "threaded"],
    ["shm", "inline"],
    ["tcp", "inline"],
  ] as const,
  ...[0, 1],
);

describe.each(transports)("over %s, streams %s", { timeout: 60_000 }, (transport, streams) => {
  it("shards [3] and [4], and a replicated [12]", async () => {
    const rows = (await rowsOf(2, transport, streams)).filter(({ random }) => random === undefined);
    expect(rows).toHaveLength(10);
    // Replicated counted twice: 17.69; this rank's own only: 12.37 and 12.65.
    const norms: Record<string, number> = { 1: 19, 2: 13, 3: 12.207055, Infinity: 12 };
    for (const { type, norm, messages, clipped, own } of rows) {
      if (type !== undefined) {
        expect(norm).toBeCloseTo(norms[type], 5);
        expect(messages).toBe(1);
      } else {
        expect(norm).toBeCloseTo(13, 5);
        expect(clipped).toBeCloseTo(12 / 13, 6);
        expect([3 / 13, 4 / 13].some((each) => Math.abs(each - Number(own)) < 1e-6)).toBe(true);
      }
    }
  });

  it.each([1, 2, 3, 4])("random ones on %i ranks", async (ranks) => {
    const rows = (await rowsOf(ranks, transport, streams)).filter(({ random }) => random !== undefined);
    expect(rows).toHaveLength(4 * ranks);
    for (const row of rows) {
      expect(row.ratio).toBeCloseTo(1, 5);
      expect(row.factor).toBeCloseTo(1, 5);
    }
  });
});
