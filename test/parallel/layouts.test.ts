/**
 * Layouts and compositions against one rank: the course's own table of gradients, each number within the bound of the
 * float64 twin, over every transport. The program fails where one is beyond it; here its rows are counted, too.
 */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

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
  const rows = shown.flatMap(({ shown: what }) => (what.kind === "status" ? [what.row as unknown as Row] : []));
  const [summary] = shown.flatMap(({ shown: what }) => (what.kind === "table" ? [what.rows] : []));
  for (const { difference, bound } of rows) expect(difference).toBeLessThanOrEqual(bound);
  expect(new Set(rows.map(({ layout }) => layout)).size).toBe(layouts.split(" ").length);
  expect(rows.length % layouts.split(" ").length).toBe(0);
  return { rows, equal: (summary ?? []).map((row) => String(row["bit-equal"])) };
}

/** One and two ranks, three in micro-batches, four: the short form takes each over some transports. */
const alone = ["one and two", 2, "dp1 dp2+zero1 dp2+fsdp tp2 tp2+sp+overlap+recompute cp2"] as const;
const three = ["three, in micro-batches", 3, "dp3 dp3+fsdp cp3+recompute"] as const;
const four = ["four", 4, "dp2.tp2+fsdp copies2.dp2+fsdp tp4+sp dp2.cp2+zero2"] as const;
const transports = [
  ["local", "inline"],
  ["shm", "inline"],
  ["shm", "threaded"],
  ["tcp", "inline"],
] as const;
const all = transports.flatMap((transport) => [alone, three, four].map((what) => [...transport, ...what] as const));

it.each(cases(transports, 0, 2))("experts over %s, streams %s", { timeout: 120_000 }, async (transport, streams) => {
  await table(4, transport, streams, "dp2.ep2 dp4.ep2 dp2.ep2.tp2+sp pp2.dp2.ep2", { experts: 4, layers: 2 });
});

it.each(cases(transports, 1, 3))("pipelines over %s, streams %s", { timeout: 120_000 }, async (transport, streams) => {
  await table(4, transport, streams, "pp2.tp2 pp2.dp2+zb-h1 pp2+zb-v", { layers: 4, micro: 3 });
});

it.each(cases(all, 0, 2, 4, 6, 11))(
  "over %s, streams %s: %s",
  { timeout: 120_000 },
  async (transport, streams, _, ranks, layouts) => {
    const { equal } = await table(ranks, transport, streams, layouts, ranks === 3 ? { micro: 2 } : {});
    if (ranks === 2) expect(equal[0]).toBe("12/12"); // no sum is in another order
  },
);

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

  it("of pipelines, alone and with all others", async () => {
    const alone = "pp2 pp3+gpipe pp4 pp2+interleaved pp2+zb-h1 pp2+zb-v pp3+recompute";
    const { equal } = await table(4, "local", "inline", alone, { layers: 4, micro: 3 });
    expect(equal.length).toBe(7);
    const together =
      "pp2.dp2.tp2+sp pp2.cp2.tp2 pp2.dp2+interleaved+fsdp pp2.dp2.tp2+zb-v+overlap pp2.copies2.dp2+zero2";
    await table(8, "local", "inline", together, { layers: 4, micro: 2 });
  });

  it("of experts, alone and with all others", async () => {
    const mixture = { experts: 6, layers: 2, micro: 2 };
    const { equal } = await table(
      6,
      "local",
      "inline",
      "dp1 dp2.ep2 dp3.ep3 dp6.ep3 dp2.ep2.cp3 dp3.ep3.tp2+sp",
      mixture,
    );
    expect(equal.length).toBe(6);
    const together =
      "pp2.dp2.ep2.cp2+zb-h1 pp2.dp4.ep2+interleaved dp2.ep2.cp2.tp2+sp+recompute pp2.dp2.ep2.tp2+zb-v+overlap";
    await table(8, "local", "inline", together, { experts: 4, layers: 4, micro: 2 });
  });

  it("with ranks that have no samples", async () => {
    await table(6, "local", "inline", "dp6 dp6+fsdp dp3.cp2+fsdp", { samples: 2 });
  });
});
