/** Pipelines against one rank: gradients of each parameter, what ranks keep, and that nothing stays alive. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

type Options = Readonly<Record<string, string | number>>;

async function compare(
  ranks: number,
  transport: "local" | "shm" | "tcp",
  streams: "inline" | "threaded",
  options: Options,
): Promise<void> {
  const { failure, shown } = await runProgram("test/programs/pipeline.ts", { ranks, transport, streams, options });
  expect(failure?.message).toBe(undefined);
  const rows = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row] : []));
  expect(rows.length).toBe(2 * ranks);
  for (const { worst, kept, planned, left } of rows) {
    // Each micro-batch adds its gradients in the order that one rank has: the bits are the same. A tied one is two sums.
    if (options.tied === "yes") expect(worst).toBeLessThan(4e-7);
    else expect(worst).toBe(0);
    expect(kept).toBe(planned);
    expect(left).toBe(0);
  }
}

const schedules = ["gpipe", "1f1b", "interleaved", "zb-h1", "zb-v"] as const;
const worlds = cases(
  [
    [1, "shm", "inline"],
    [2, "shm", "inline"],
    [3, "local", "inline"],
    [2, "tcp", "inline"],
    [5, "local", "inline"],
    [3, "shm", "threaded"],
    [8, "local", "inline"],
    [3, "tcp", "threaded"],
  ] as const,
  ...[1, 2, 5],
);

describe.each(schedules)("%s has the gradients of one rank", { timeout: 120_000 }, (schedule) => {
  it.each(worlds)("%i ranks over %s, streams %s", async (ranks, transport, streams) => {
    await compare(ranks, transport, streams, { schedule });
  });

  it.each(cases([1, 2, 3, 7, 11], 0, 3))("%i micro-batches on 3 ranks", async (micro) => {
    await compare(3, "local", "inline", { schedule, micro });
  });

  it("with a tied embedding", () => compare(3, "local", "inline", { schedule, tied: "yes" }));
});

describe("stages that differ", { timeout: 120_000 }, () => {
  it("3 stages of a rank", () => compare(2, "local", "inline", { schedule: "interleaved", chunks: 3, micro: 5 }));

  it("layers that do not divide", () => compare(3, "local", "inline", { schedule: "1f1b", layers: 4 }));

  it("more stages than layers are refused with both numbers", async () => {
    const options = { schedule: "zb-v", layers: 5 };
    const { failure } = await runProgram("test/programs/pipeline.ts", { ranks: 3, transport: "local", options });
    expect(failure?.message).toMatch(/5 layers cannot be cut into 6 stages: each stage has at least one layer/);
  });
});
