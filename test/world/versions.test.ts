/** Operations between ranks raise the version of the storages that they write into, and of no others. */
import { expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

it.each([
  ["shm", "inline"],
  ["shm", "threaded"],
  ["local", "inline"],
  ["tcp", "inline"],
] as const)("over %s, streams %s", async (transport, streams) => {
  const { failure, shown } = await runProgram("test/programs/versions.ts", { ranks: 2, transport, streams });
  expect(failure?.message).toBe(undefined);
  const written = (rank: number) =>
    Object.fromEntries(
      shown.flatMap(({ shown: what }) =>
        what.kind === "row" && what.row.rank === rank ? [[what.row.name, what.row.written]] : [],
      ),
    );
  const both = { allReduce: "x", allGather: "pair", reduceScatter: "x" };
  expect(written(0)).toEqual({ ...both, broadcast: "", message: "" });
  expect(written(1)).toEqual({ ...both, broadcast: "x", message: "y" });
});
