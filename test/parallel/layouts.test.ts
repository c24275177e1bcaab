/**
 * Layouts and compositions against one rank: the course's own table of gradients, each number within the bound of the
 * float64 twin, over every transport. The program fails where one is beyond it; here its rows are counted, too.
 */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

const script = "course/part2-parallelism/chapter06-tensor-parallelism/scripts/gradient-table.ts";

interface Row {
  readonly layout: string;
  readonly world: number;
  readonly parameter: string;
  readonly difference: number;
  readonly bound: number;
  readonly bytes: number;
}

async function table(
  ranks: number,
  transport: "local" | "shm" | "tcp",
  streams: "inline" | "threaded",
  layouts: string,
  more: Record<string, number> = {},
): Promise<{ rows: Row[]; equal: string[] }> {
  const options = { layouts, samples: 5, longest: 16, ...more };
  const { failure, shown } = await runProgram(script, { ranks, transport, streams, traced: true, options });
  expect(failure?.message).toBe(undefined);
  const rows = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row as unknown as Row] : []));
  const [summary] = shown.flatMap(({ shown: what }) => (what.kind === "table" ? [what.rows] : []));
  for (const { difference, bound } of rows) expect(difference).toBeLessThanOrEqual(bound);
  expect(new Set(rows.map(({ layout }) => layout)).size).toBe(layouts.split(" ").length);
  expect(rows.length % layouts.split(" ").length).toBe(0);
  return { rows, equal: (summary ?? []).map((row) => String(row["bit-equal"])) };
}

describe.each([
  ["local", "inline"],
  ["shm", "inline"],
  ["shm", "threaded"],
  ["tcp", "inline"],
] as const)("over %s, streams %s", { timeout: 120_000 }, (transport, streams) => {
  it("of one and of two ranks", async () => {
    const { equal } = await table(2, transport, streams, "dp1 dp2+zero1 dp2+fsdp tp2 tp2+sp+overlap+recompute cp2");
    expect(equal[0]).toBe("12/12"); // no sum is in another order
  });

  it("of three ranks, in micro-batches", async () => {
    await table(3, transport, streams, "dp3 dp3+fsdp cp3+recompute", { micro: 2 });
  });

  it("of four ranks", async () => {
    await table(4, transport, streams, "dp2.tp2+fsdp copies2.dp2+fsdp tp4+sp dp2.cp2+zero2");
  });
});

describe("over local", { timeout: 120_000 }, () => {
  it("of six and of eight ranks, two blocks", async () => {
    await table(
      8,
      "local",
      "inline",
      "dp3.tp2+sp cp3.tp2+sp dp2.cp2.tp2+fsdp+sp+recompute copies2.dp2.tp2+zero2 tp4.dp2",
      {
        layers: 2,
      },
    );
  });

  it("with ranks that have no samples", async () => {
    await table(6, "local", "inline", "dp6 dp6+fsdp dp3.cp2+fsdp", { samples: 2 });
  });
});
