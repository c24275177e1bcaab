/** What an operation needs for itself never lies where kernels that wait in a stream's queue still read. */
import { expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

it.each([
  ["local", "inline", 2],
  ["local", "inline", 3],
  ["local", "inline", 5],
  ["shm", "threaded", 3],
  ["tcp", "inline", 3],
] as const)("over %s, streams %s, on %i ranks", { timeout: 60_000 }, async (transport, streams, ranks) => {
  const { failure, shown } = await runProgram("test/programs/beside.ts", { ranks, transport, streams, options: {} });
  expect(failure?.message).toBe(undefined);
  const rows = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row] : []));
  expect(rows.length).toBeGreaterThan(6 * ranks);
  expect(rows.filter(({ wrong }) => wrong !== "[]")).toEqual([]);
});
