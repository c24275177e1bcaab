/** Cross-entropy over shared columns against the loss of one rank, and the cases that people got wrong. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

const program = "test/programs/vocabulary-loss.ts";

describe.each([
  ["local", "inline", cases([1, 3, 4, 5, 2], 0, 1, 2)],
  ["shm", "inline", cases([5, 2], 0)],
  ["shm", "threaded", [2]],
  ["tcp", "inline", [3]],
] as const)("over %s, streams %s", (transport, streams, worlds) => {
  it.each(worlds)("on %i ranks", { timeout: 60_000 }, async (ranks) => {
    const { failure, shown } = await runProgram(program, { ranks, transport, streams, options: { cases: 20 } });
    expect(failure?.message).toBe(undefined);
    const rows = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row] : []));
    expect(rows.length).toBe(ranks * 24 * 2);
    for (const { name, version, loss, wanted, gap, padding, same } of rows) {
      const what = [name, version];
      expect([...what, same, Number(padding)]).toEqual([...what, true, 0]);
      expect([...what, Math.abs(Number(loss) - Number(wanted)) <= 2e-6 * (1 + Math.abs(Number(wanted)))]).toEqual([...what, true]); // biome-ignore format: one line
      expect([...what, Number(gap) <= 1e-5]).toEqual([...what, true]);
      if (name === "five equal" || name === "padded to 8") expect(loss).toBeCloseTo(1.609438, 5); // not ln 8
      if (name === "far apart") expect(loss).toBeCloseTo(20_000 + Math.log(3), 0);
      if (name === "ignored") expect(loss).toBe(0);
    }
  });
});

describe("a label that is no word", () => {
  const labels = [-3, 5, 12, 2 ** 31 - 1];
  it.each([
    ...[1, 2, 3, 4].flatMap((ranks) => labels.map((label) => ["local", "inline", label, ranks] as const)),
    ["shm", "inline", 5, 2],
    ["shm", "threaded", -3, 2],
    ["tcp", "inline", 7, 2],
  ] as const)(
    "over %s, streams %s: %i on %i ranks is named on every rank",
    { timeout: 60_000 },
    async (transport, streams, label, ranks) => {
      const { shown } = await runProgram(program, { ranks, transport, streams, options: { label } });
      const errors = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [String(what.row.error)] : []));
      expect(errors.length).toBe(ranks);
      for (const error of errors)
        expect(error).toContain(
          `Kernel checkTargets failed: the target of row 1 is ${label}, which is not among the 5 columns`,
        );
    },
  );
});
