/** A tensor may be freed behind `wait()`: the operation keeps its memory until it has ended, and gives it back then. */
import { expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

it.each([
  ["local", "inline", 1],
  ["local", "inline", 2],
  ["local", "inline", 5],
  ["shm", "inline", 3],
  ["shm", "threaded", 3],
  ["tcp", "inline", 2],
  ["tcp", "threaded", 2],
] as const)("over %s, streams %s, %i ranks", { timeout: 60_000 }, async (transport, streams, ranks) => {
  const { failure, shown } = await runProgram("test/programs/freed.ts", { ranks, transport, streams, options: {} });
  expect(failure?.message).toBe(undefined);
  const all = Array.from({ length: ranks }, (_, r) => r + 1);
  const sum = all.reduce((a, b) => a + b, 0);
  for (let rank = 0; rank < ranks; rank++) {
    const rows = shown.flatMap((each) => (each.rank === rank && each.shown.kind === "row" ? [each.shown.row] : []));
    const values = Object.fromEntries(rows.map(({ name, values }) => [name, JSON.parse(String(values))]));
    const { "left over": left, ...given } = values;
    expect(given).toEqual({
      allReduce: [sum],
      broadcast: [ranks],
      allGather: all,
      reduceScatter: [sum],
      allToAll: all,
      allToAllRows: all,
      message: [((rank + ranks - 1) % ranks) + 1],
    });
    expect(left).toBe(7 * LEAST); // the seven copies, and nothing else
  }
});

/** Bytes of the smallest block. */
const LEAST = 64;
