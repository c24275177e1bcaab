/** The scripts of pipelines: files of schedules, sentences for those that cannot be run, and what is drawn. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { drawSchedule } from "../../course/part2-parallelism/chapter07-pipelines-and-experts/lib/draw-schedule.ts";
import { type ScheduleName, scheduleNames, schedules, timeOf } from "../../src/parallel/pipeline/index.ts";
import { runProgram } from "../helpers/jobs.ts";

const scripts = "course/part2-parallelism/chapter07-pipelines-and-experts/scripts";
const viz = `${scripts}/pipeline-schedule-viz.ts`;
const folder = mkdtempSync(join(tmpdir(), "worldsize-schedules-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Row = Readonly<Record<string, string | number>>;

async function tableOf(file: string, settings: Omit<Parameters<typeof runProgram>[1], "transport">): Promise<Row[]> {
  const { failure, shown } = await runProgram(file, { transport: "local", ...settings });
  expect(failure?.message).toBe(undefined);
  return shown.flatMap(({ shown: what }) => (what.kind === "table" ? [...(what.rows as Row[])] : []));
}

describe("pipeline-schedule-viz", { timeout: 60_000 }, () => {
  it.each(scheduleNames)("reads the %s that it has written", async (schedule) => {
    const file = join(folder, `${schedule}.csv`);
    const options = { microBatches: 4 };
    const [made] = await tableOf(viz, { ranks: 3, options: { ...options, schedule, csv: file } });
    expect(readFileSync(file, "utf8").trim().split("\n").length).toBe(3);
    const [read] = await tableOf(viz, { ranks: 3, options: { read: file } });
    expect({ ...read, schedule }).toEqual(made);
  });

  it.each([
    ["is missing", "0F0,0B0,0B1\n1F0,1B0,1F1,1B1\n", /0F1 is missing, the forward of stage 0 and micro-batch 1/],
    ["is there twice", "0F0,0F0,0B0\n1F0,1B0\n", /0F0 is there twice: rank 0, action 0 and rank 0, action 1/],
    [
      "waits for ever",
      "0F0,0B0,0F1,0B1\n1F1,1F0,1B0,1B1\n",
      /deadlocks: rank 0 stops at 0B0 \(action 1\), which needs 1B0; rank 1 stops at 1F1 \(action 0\), which needs 0F1/,
    ],
    ["is for other ranks", "0F0,0B0\n", /has 1 lines?, one for each rank, but there are 2 ranks\. Give -n 1\./],
  ])("names what %s", async (_, text, message) => {
    const file = join(folder, "wrong.csv");
    writeFileSync(file, text);
    const { failure, shown } = await runProgram(viz, { ranks: 2, transport: "local", options: { read: file } });
    expect(failure?.message).toMatch(message);
    expect(shown).toEqual([]);
  });

  it("refuses options that do not go together, with both numbers", async () => {
    const { default: script } = (await import(`../../${viz}`)) as { default: { check(o: object): string | undefined } };
    const fine = { lengths: "1,1,1", csv: "", read: "", schedule: "all", chunks: 2, layers: 2, width: 16 };
    expect(script.check(fine)).toBe(undefined);
    expect(script.check({ ...fine, chunks: 3 })).toMatch(/3 stages needs at least 3 blocks, but got --layers 2/);
    expect(script.check({ ...fine, width: 6 })).toMatch(/--width 6 .* give 8/);
    for (const lengths of ["1,1", "1,0,1", "a,b,c", "1,,1", "1,1,1,1"]) {
      expect(script.check({ ...fine, lengths })).toMatch(/three lengths above 0/);
    }
    expect(script.check({ ...fine, csv: "x" })).toMatch(/--csv x takes one schedule/);
  });
});

describe("zero-bubble", { timeout: 60_000 }, () => {
  it.each([1, 2, 3, 5])("runs as long as the tables say, on %i ranks", async (ranks) => {
    const options = { microBatches: 5, lengths: "1,1.5,0.5" };
    const rows = await tableOf(`${scripts}/zero-bubble.ts`, { ranks, clock: "virtual", traced: true, options });
    expect(rows.length).toBe(3);
    for (const row of rows) expect(row["run (ms)"]).toBe(row["table (ms)"]);
    const [sends, vSends] = [rows[0].sends, rows[2].sends];
    expect([sends, vSends]).toEqual([2 * (ranks - 1) * 5, 4 * (ranks - 1) * 5]);
  });
});

describe("a drawing", () => {
  it.each(scheduleNames.flatMap((name) => [1, 3, 8].map((ranks) => [name, ranks] as [ScheduleName, number])))(
    "of %s on %i ranks is narrow, and has each action",
    (name, ranks) => {
      for (const microBatches of [1, 3, 20]) {
        const { actions } = timeOf(schedules[name]({ ranks, microBatches }));
        const rows = drawSchedule(actions, ranks);
        for (const row of rows) expect(row.length).toBeLessThanOrEqual(70);
        const letters = rows.join("").replace(/from slot \d+:/g, "");
        const forwards = actions.filter(({ kind }) => kind === "F");
        expect(letters.match(/[a-z]/g)?.length).toBe(forwards.length);
      }
    },
  );
});
