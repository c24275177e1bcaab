/** What the scripts of experts say: rows and bytes that add up, and a collapse that a remedy ends. */
import { expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

const scripts = "course/part2-parallelism/chapter07-pipelines-and-experts/scripts";

/** Tables of a run, and its lines. */
async function shownBy(script: string, ranks: number, options: Record<string, unknown>) {
  const { failure, shown } = await runProgram(`${scripts}/${script}.ts`, { ranks, options });
  const tables = shown.flatMap(({ shown: what }) => (what.kind === "table" ? [what.rows] : []));
  const lines = shown.flatMap(({ shown: what }) => (what.kind === "line" ? [what.text] : []));
  return { failure, tables, lines };
}

it.each([1, 2, 3, 5])(
  "moe-all-to-all's rows add up on %i ranks",
  async (ranks) => {
    const { failure, tables, lines } = await shownBy("moe-all-to-all", ranks, { steps: 1, tokens: 8 });
    expect(failure?.message).toBeUndefined();
    const [, matrix, exchanges] = tables;
    expect(matrix.map(({ together }) => together)).toEqual(Array(ranks).fill(16));
    const abroad = matrix.map((row, rank) => 16 - Number(row[`to ${rank}`]));
    // Four bytes for each of 32 elements; dispatch is sent by the rows' ranks, combine by the experts'.
    const mean = Math.round((abroad.reduce((a, b) => a + b, 0) * 128) / ranks);
    for (const row of exchanges) expect(row["mean (B)"]).toBe(mean);
    expect(exchanges[0]["most (B)"]).toBe(128 * Math.max(...abroad));
    expect(lines.join("\n")).toMatch(/Outputs and gradients are one rank's, on every rank/);
  },
  60_000,
);

it("moe-all-to-all says what was dropped, and still agrees with one rank", async () => {
  const { failure, tables, lines } = await shownBy("moe-all-to-all", 2, { steps: 1, tokens: 8, capacity: 0.5 });
  expect(failure?.message).toBeUndefined();
  const [, matrix] = tables;
  const kept = matrix.reduce((sum, { together }) => sum + Number(together), 0);
  expect(kept).toBeLessThanOrEqual(2 * 4 * 2); // ⌈8 · 2 / 4 · 0.5⌉ for each of 4 experts and 2 ranks
  expect(lines).toContain(`Dropped by a capacity of 0.5: ${32 - kept} of 32 choices.`);
});

it.each([
  ["moe-all-to-all", 3, { experts: 4 }, /4 experts cannot be shared out among 3 ranks/],
  ["moe-all-to-all", 2, { experts: 4, perToken: 5 }, /Each token goes to 1 to 4 experts, not to 5/],
  ["moe-all-to-all", 2, { capacity: 0 }, /A capacity of 0 leaves experts no tokens/],
  ["moe-balance", 3, { experts: 8 }, /8 experts cannot be shared out among 3 ranks/],
  ["moe-balance", 1, { perToken: 9 }, /Each token goes to 1 to 8 experts, not to 9/],
  ["moe-balance", 1, { ways: "nothing more" }, /--ways: there is no "more"/],
])("%s on %i ranks refuses %o", async (script, ranks, options, message) => {
  const { failure } = await shownBy(script, ranks, options);
  expect(failure?.message).toMatch(message);
});

it("moe-balance collapses with nothing, and not with the auxiliary loss or the bias", async () => {
  const options = { ways: "nothing auxiliary bias", steps: 24, ranges: 2, stories: 4 };
  const { failure, tables, lines } = await shownBy("moe-balance", 2, options);
  expect(failure?.message).toBeUndefined();
  const busiest = tables[0].map((row) => Number(row["busiest / mean"]));
  expect(busiest[0]).toBeGreaterThan(3);
  expect(busiest[1]).toBeLessThan(3);
  expect(busiest[2]).toBeLessThan(busiest[0]);
  const dropped = tables[0].map((row) => Number.parseFloat(String(row.dropped)));
  expect(dropped[1]).toBeLessThan(dropped[0]);
  // Percents of every range of every way come to all.
  const bars = lines.filter((line) => line.startsWith("  steps"));
  expect(bars).toHaveLength(6);
  for (const line of bars) {
    const percents = [...line.replace(/steps \d+ to \d+/, "").matchAll(/\d+/g)].map(([text]) => Number(text));
    expect(Math.abs(percents.reduce((a, b) => a + b, 0) - 100)).toBeLessThanOrEqual(4);
  }
}, 60_000);
