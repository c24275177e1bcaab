/** Pipelines against one rank: gradients of each parameter, what ranks keep, and that nothing stays alive. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";
import { inWorld, type World, worlds } from "../helpers/worlds.ts";

type Options = Readonly<Record<string, string | number>>;

async function compare([ranks, transport, streams]: World, options: Options): Promise<void> {
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
const all = worlds("2 shm, 3 local, 3 shm threaded", "1 shm, 2 tcp, 5 local, 8 local, 3 tcp threaded");
const [two, three] = worlds("2 local, 3 local");

describe.each(schedules)("%s has the gradients of one rank", { timeout: 120_000 }, (schedule) => {
  it.each(all)(inWorld, (...world) => compare(world, { schedule }));

  it.each(cases([1, 2, 3, 7, 11], 0, 3))("%i micro-batches on 3 ranks", (micro) => compare(three, { schedule, micro }));

  it("with a tied embedding", () => compare(three, { schedule, tied: "yes" }));
});

describe("stages that differ", { timeout: 120_000 }, () => {
  it("3 stages of a rank", () => compare(two, { schedule: "interleaved", chunks: 3, micro: 5 }));

  it("layers that do not divide", () => compare(three, { schedule: "1f1b", layers: 4 }));

  it("more stages than layers are refused with both numbers", async () => {
    const options = { schedule: "zb-v", layers: 5 };
    const { failure } = await runProgram("test/programs/pipeline.ts", { ranks: 3, transport: "local", options });
    expect(failure?.message).toMatch(/5 layers cannot be cut into 6 stages: each stage has at least one layer/);
  });
});
