/** Experts on several ranks: outputs and gradients of the same mixture on one rank, whatever the numbers of tokens are. */
import { expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

const worlds = [
  [1, "local", "inline"],
  [2, "shm", "inline"],
  [3, "tcp", "inline"],
  [5, "local", "inline"],
  [3, "shm", "threaded"],
  [2, "tcp", "threaded"],
] as const;

it.each(cases(worlds, 0, 2, 3, 4))(
  "on %i ranks over %s, streams %s",
  { timeout: 120_000 },
  async (ranks, transport, streams) => {
    const { failure, shown } = await runProgram("test/programs/experts.ts", { ranks, transport, streams });
    expect(failure?.message).toBe(undefined);
    const rows = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row] : []));
    const compared = rows.filter(({ seed }) => Number(seed) >= 0);
    expect(compared.length).toBe(8 * ranks);
    for (const { worst, ...which } of compared) expect(worst, JSON.stringify(which)).toBeLessThan(1e-5);
    // Expert 0 is on rank 0, which alone has its weight's gradient.
    const slopes = rows.filter(({ seed }) => seed === -1).map(({ slope }) => slope);
    expect(slopes.sort()).toEqual([...Array.from({ length: ranks - 1 }, () => 0), 1]);
  },
);

it.each(
  cases(
    [
      ["local", "inline"],
      ["shm", "threaded"],
      ["tcp", "inline"],
    ] as const,
    0,
    1,
  ),
)(
  "terms of balance, norms and biases are those of one rank over %s, streams %s",
  { timeout: 120_000 },
  async (transport, streams) => {
    const program = "test/programs/balanced-layouts.ts";
    const { failure, shown } = await runProgram(program, { ranks: 4, transport, streams });
    expect(failure?.message).toBe(undefined);
    const rows = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row] : []));
    expect(new Set(rows.map(({ layout }) => layout)).size).toBe(13);
    for (const path of ["norm", "loss", "layers.1.mlp.bias", "layers.1.mlp.router.weight"])
      expect(rows.filter((row) => row.path === path).length).toBeGreaterThan(20);
    for (const { worst, ...which } of rows) expect(worst, JSON.stringify(which)).toBeLessThan(1e-4);
  },
);
