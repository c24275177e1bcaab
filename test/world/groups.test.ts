/** Groups are given back: by `destroy`, by scope, whoever is late, on every transport. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

const source = readFileSync(new URL("../programs/groups.ts", import.meta.url), "utf8").split("\n");
const at = (mark: string): string => `groups.ts:${source.findIndex((line) => line.endsWith(`// ${mark}`)) + 1}`;

it.each([
  ["shm", "inline", 2000],
  ["shm", "threaded", 400],
  ["local", "inline", 2000],
  ["tcp", "inline", 400],
  ["tcp", "threaded", 400],
] as const)("over %s, streams %s", async (transport, streams, count) => {
  // Over shm each of them takes 256 KiB: what is not given back ends the job after 200.
  const { ok, failure, shown } = await runProgram("test/programs/groups.ts", {
    ranks: 3,
    transport,
    streams,
    memory: 64 * 2 ** 20,
    options: { count },
  });
  expect(failure?.message).toBe(undefined);
  expect(ok).toBe(true);
  const rows = (name: string) =>
    shown
      .flatMap((each) =>
        each.shown.kind === "row" && name in each.shown.row ? [[each.rank, each.shown.row] as const] : [],
      )
      .sort(([a], [b]) => a - b)
      .map(([, row]) => JSON.parse(String(row[name])));
  expect(rows("node")).toEqual(Array(3).fill(process.version)); // threads and processes are started by what runs this
  const gone = (call: string, where: string) => (_: unknown, rank: number) =>
    `rank ${rank} called ${call}${where && ` (${where})`}, but has destroyed that group. Destroy a group after its last use.`;
  expect(rows("refused")).toEqual(
    [0, 1, 2].map((rank) => ({
      flying:
        rank === 0
          ? `rank 0 called tp.destroy() with recv(f32[4]) from rank 1 (${at("in flight")}) in flight. ` +
            "`await` what the group does before it is destroyed."
          : "",
      after: gone("tp.allReduce", at("after"))(0, rank),
      world: `rank ${rank} called world.destroy(), but the group of all ranks lasts as long as the job.`,
    })),
  );
  const [first, second, third] = rows("scoped");
  expect([first.thrown, first.received, second.thrown, third.after]).toEqual(["mine", 1, "", "nothing"]);
  for (const rank of [0, 1]) expect(rows("scoped")[rank].after).toContain("called scoped.barrier");
  expect(rows("late")).toEqual([
    { sum: 6, other: 22 },
    { sum: 6, other: 0 },
    { sum: 6, other: 22 },
  ]);
  for (const { ids, wrong, kept, heap } of rows("rounds")) {
    expect([ids, wrong, kept]).toEqual([count, 0, 0]);
    expect(heap).toBeLessThan(2 ** 20);
  }
});
