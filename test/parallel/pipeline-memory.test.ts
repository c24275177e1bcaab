/** Activations that a pipeline keeps, in bytes by the device's allocator: what its table of actions says, to the byte. */
import { describe, expect, it } from "vitest";
import { peakOf, type Schedule, schedules, stageRanks, withMessages } from "../../src/parallel/index.ts";
import { runProgram } from "../helpers/jobs.ts";
import { inWorld, type World, worlds } from "../helpers/worlds.ts";

/** Bytes of one micro-batch at a stage, as measured with nothing else at the rank. */
interface Stage {
  readonly stage: number;
  /** From forward to the end of backward, its input among them. */
  readonly whole: number;
  /** From the half of backward for inputs to the half for weights. */
  readonly half: number;
  /** What forward takes besides, while it runs. */
  readonly passing: number;
  readonly input: number;
}

interface Row {
  readonly rank: number;
  readonly name: keyof typeof schedules;
  readonly microBatches: number;
  /** By the schedule: micro-batches of a stage that are kept at most. */
  readonly kept: number;
  readonly peak: number;
  readonly left: number;
  readonly each: readonly Stage[];
}

type Options = Readonly<Record<string, string | number>>;

async function measure([ranks, transport, streams]: World, options: Options = {}) {
  const program = "test/programs/pipeline-memory.ts";
  const { failure, shown } = await runProgram(program, { ranks, transport, streams, options });
  expect(failure?.message).toBe(undefined);
  return shown.flatMap(({ rank, shown: what }): Row[] => {
    if (what.kind !== "row") return [];
    return [{ ...(what.row as unknown as Row), rank, each: JSON.parse(String(what.row.each)) }];
  });
}

/** Most bytes of activations at a rank, as its list of actions and messages makes and frees them. */
function plannedPeak(schedule: Schedule, rank: number, each: readonly Stage[]): number {
  const home = stageRanks(schedule);
  const of = (stage: number): Stage => each.find((one) => one.stage === stage) as Stage;
  const isHere = (stage: number): boolean => home[stage] === rank;
  let [current, peak] = [0, 0];
  /** What a stage here hands on to another one here: one piece of memory, which lives as long as either. */
  const shared = new Map<string, number>();
  const letGo = (stage: number, microBatch: number): number => {
    const key = `${stage}.${microBatch}`;
    const users = (shared.get(key) ?? 0) - 1;
    shared.set(key, users);
    return users > 0 ? of(stage + 1).input : 0;
  };
  for (const step of withMessages(schedule)[rank]) {
    const { kind, stage, microBatch } = step;
    if (kind === "RECV_F") current += of(stage).input;
    if ("peer" in step) continue;
    const { whole, half, passing, input } = of(stage);
    const [isFed, feeds] = [isHere(stage - 1), isHere(stage + 1)];
    if (kind === "F") {
      current += whole - input; // which is there already, received or handed on
      peak = Math.max(peak, current + passing);
      if (feeds) shared.set(`${stage}.${microBatch}`, 2);
    }
    if (kind === "I") current -= whole - half;
    if (kind === "B" || kind === "W") {
      current -= kind === "B" ? whole : half;
      if (isFed) current += letGo(stage - 1, microBatch);
      if (feeds) current += letGo(stage, microBatch);
    }
    peak = Math.max(peak, current);
  }
  expect(current).toBe(0);
  return peak;
}

const all = worlds("2 local, 3 local, 3 shm threaded", "2 tcp, 1 local, 3 tcp threaded");

describe.each(all)(inWorld, { timeout: 60_000 }, (...world) => {
  const [ranks] = world;
  it("keep at most what their schedules say, and nothing afterwards", async () => {
    const rows = await measure(world);
    expect(rows.length).toBe(5 * 6 * ranks);
    for (const { rank, name, microBatches, kept, peak, left, each } of rows) {
      const schedule = schedules[name]({ ranks, microBatches });
      const what = { name, microBatches, rank };
      expect({ ...what, left, peak }).toEqual({ ...what, left: 0, peak: plannedPeak(schedule, rank, each) });
      expect(kept).toBe(peakOf(schedule.ranks[rank]));
      for (const { whole, half } of each) expect(half).toBeLessThan(whole);
      const [one] = each;
      // One stage, backward in one piece: the count times the bytes of one, and one forward's own. ZB-H1's first rank puts off nothing.
      if (name === "gpipe" || name === "1f1b" || (name === "zb-h1" && rank === 0)) {
        expect({ ...what, peak }).toEqual({ ...what, peak: kept * one.whole + one.passing });
      }
      // With halves, or stages that differ, at most that.
      const most = (key: "whole" | "passing" | "input"): number => Math.max(...each.map((stage) => stage[key]));
      expect(peak).toBeLessThanOrEqual(kept * most("whole") + most("passing") + most("input"));
    }
  });
});

it("sees what is kept for good", async () => {
  const rows = await measure(worlds("2 local")[0], { micro: "3", wrong: "kept" });
  for (const { name, left } of rows) expect({ name, sees: left > 0 }).toEqual({ name, sees: true });
});
