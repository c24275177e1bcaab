import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { quickOptions, type Script } from "../../src/script/index.ts";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

const scripts = readdirSync("course", { recursive: true, encoding: "utf8" })
  .filter((file) => /scripts[\\/][^\\/]+\.ts$/.test(file))
  .sort();

/** The script in a file, with its quick form. */
async function scriptIn(file: string): Promise<Script> {
  return ((await import(`../../course/${file}`)) as { default: Script }).default;
}

describe.each(scripts.map((file, place) => ({ file, place })))("$file", ({ file, place }) => {
  const sizes = {
    shm: cases([1, 4, 3, 8], 1), // one rank is the words' test's: course-words.test.ts
    local: cases([3, 8, 1, 4], 0),
    tcp: cases([4, 2, 1], ...(place % 3 === 0 ? [1] : [])),
  };
  for (const transport of ["shm", "local", "tcp"] as const) {
    it.each(sizes[transport])(`runs over ${transport} on %i ranks`, async (ranks) => {
      const options = quickOptions(await scriptIn(file));
      const { ok, failure, shown } = await runProgram(`course/${file}`, { ranks, transport, options });
      expect(failure?.message).toBeUndefined();
      expect(ok).toBe(true);
      expect(shown.length).toBeGreaterThan(0);
    });
  }
});

it("the scripts of chapters 1 to 4 are there", () => {
  expect(scripts.map((file) => file.replace(/^.*[\\/]|\.ts$/g, ""))).toEqual(
    expect.arrayContaining([
      "verify-setup",
      "hello-distributed",
      "where-am-i",
      "send-recv-basic",
      "async-communication",
      "pipeline-simulation",
      "collective-cheatsheet",
      "average-three-ways",
      "distributed-mean",
      "distributed-softmax",
      "benchmark-algorithms",
      "topology-inspector",
    ]),
  );
});

it("hello-distributed says where each rank lives and what they agreed on", async () => {
  const { shown } = await runProgram("course/part1-distributed/chapter01-first-program/scripts/hello-distributed.ts", {
    ranks: 4,
  });
  const lines = shown.map(({ rank, shown: what }) => `${rank}: ${what.kind === "line" ? what.text : ""}`);
  for (let rank = 0; rank < 4; rank++) {
    expect(
      lines.some((line) => line.startsWith(`${rank}: Hello from rank ${rank} of 4, in process ${process.pid}, thread`)),
    ).toBe(true);
    expect(lines).toContain(`${rank}: my left neighbour says it is rank ${(rank + 3) % 4}`);
    expect(lines).toContain(`${rank}: 1 + … + 4 = 10, and all ranks agree`);
  }
});

it("collective-cheatsheet shows the right numbers", async () => {
  const script = "course/part1-distributed/chapter03-collectives/scripts/collective-cheatsheet.ts";
  const { shown } = await runProgram(script, { ranks: 3, options: { operation: "all_to_all" } });
  expect(shown[0].shown).toMatchObject({
    kind: "table",
    rows: [
      { rank: 0, before: "[10,11,12]", after: "[10,20,30]" },
      { rank: 1, before: "[20,21,22]", after: "[11,21,31]" },
      { rank: 2, before: "[30,31,32]", after: "[12,22,32]" },
    ],
  });
});

it("distributed-softmax says what would overflow, also where rank 0 has no columns", async () => {
  const script = "course/part1-distributed/chapter03-collectives/scripts/distributed-softmax.ts";
  const options = { columns: 3, scale: 1 };
  const { shown } = await runProgram(script, { ranks: 5, options });
  const lines = shown.flatMap(({ shown: what }) => (what.kind === "line" ? [what.text] : []));
  expect(lines[0]).toMatch(/exponentials of all rows would add up to 1\d\.\d\.$/);
  expect(lines).toContain("Each rank contributed 2 × 4 numbers to the two allReduces; its slice has up to 4 × 1.");
});

it.each([{}, { micro: 2 }])("zero-stages holds what its formulas say, with %o", async (options) => {
  const script = "course/part2-parallelism/chapter05-data-parallelism/scripts/zero-stages.ts";
  const { shown } = await runProgram(script, { ranks: 3, traced: true, options: { layers: 3, ...options } });
  const [memory, traffic] = shown.flatMap(({ shown: what }) => (what.kind === "table" ? [what.rows] : []));
  expect(memory.length).toBe(9);
  for (const [i, row] of memory.slice(0, 6).entries()) {
    if (i % 2 === 0) continue;
    for (let stage = 0; stage < 4; stage++) {
      const [measured, formula] = [memory[i - 1], row].map((each) => Number(each[`stage ${stage}`]));
      expect(Math.abs(measured - formula), `${memory[i - 1].KiB}, stage ${stage}`).toBeLessThanOrEqual(1);
    }
  }
  for (const row of traffic) expect(row["KiB sent"]).toBe(row["by formula"]);
  expect(new Set(traffic.map((row) => row["loss 2"])).size).toBe(1);
});
