/**
 * Mistakes that people really made with pipelines, with the values that they got: gradients that nothing divides, or every run;
 * a weight used twice where backward is taken apart.
 */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

type Row = Readonly<Record<string, string>>;

async function rowsOf(
  ranks: number,
  transport: "local" | "shm" | "tcp",
  options: Readonly<Record<string, string | number>>,
) {
  const { failure, shown } = await runProgram("test/programs/pipeline-cases.ts", { ranks, transport, options });
  expect(failure?.message).toBe(undefined);
  const rows = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row as Row] : []));
  expect(rows.length).toBe(ranks);
  return rows;
}

/** The gradient that some rank has. */
const found = (rows: readonly Row[], name: string): unknown =>
  JSON.parse(rows.map((row) => row[name]).find((text) => text !== "null") ?? "null");

const worlds = cases(
  [
    [1, "local"],
    [2, "shm"],
    [3, "local"],
    [5, "local"],
    [2, "tcp"],
  ] as const,
  ...[0, 1, 2],
);

describe.each(["gpipe", "1f1b", "interleaved", "zb-h1", "zb-v"])("%s", { timeout: 60_000 }, (schedule) => {
  it.each(worlds)("divides by all micro-batches once, on %i ranks over %s", async (ranks, transport) => {
    const rows = await rowsOf(ranks, transport, { schedule });
    expect(found(rows, "once")).toEqual([[2.5]]);
    expect(found(rows, "twice")).toEqual([[2.5]]);
    // What was shipped: the sum, and gradients that are divided again with each later run.
    expect(found(rows, "undivided")).toEqual([[10]]);
    expect(found(rows, "afterEach")).toEqual([[3.125]]);
  });

  it.each(worlds)("has both terms of a weight used twice, on %i ranks over %s", async (ranks, transport) => {
    for (const micro of [1, 2, 3]) {
      const rows = await rowsOf(ranks, transport, { schedule, micro });
      const near = (values: readonly (readonly number[])[]): unknown =>
        values.map((row) => row.map((value) => expect.closeTo(micro * value, 5)));
      expect(found(rows, "x")).toEqual(near([[-0.12, 0.44]]));
      expect(found(rows, "w")).toEqual(near([[0.17, 1.05], [-0.57, -1.13]])); // biome-ignore format: a matrix
      expect(found(rows, "bias")).toEqual(near([[1, 1]]));
      // The half for the inputs leaves every weight's gradient as it was.
      for (const { touched } of rows) expect(touched).toBe("");
    }
  });
});
