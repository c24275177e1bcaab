/** Sharded checkpoints whose disk fails, stops or loses power at any step, on any rank; and ranks that contradict each other. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { latestCheckpoint } from "../../src/models/node/checkpoints.ts";
import { filesOf } from "../../src/models/node/load.ts";
import { restoreShards } from "../../src/parallel/checkpoint/restore.ts";
import { ShardedCheckpoints } from "../../src/parallel/node/sharded-checkpoints.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { isLong } from "../helpers/long.ts";
import { FakeFiles, type Fault } from "../models/fake-files.ts";
import { fakeFolder, fillWith, meet, saidBy, smallOn } from "./fake-meeting.ts";

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(3);
});
afterAll(closeDevices);

const RANKS = 3;
const RUN = "/run";
type Trained = ReturnType<typeof smallOn>;

const make = (ranks = RANKS): Trained[] => Array.from({ length: ranks }, (_, rank) => smallOn(device, rank, ranks));
const free = (all: readonly Trained[]): void => {
  for (const { model, optimizer } of all) {
    model.dispose();
    optimizer.dispose();
  }
};

/** All ranks save a step, in which every number is the step's. */
async function saveAll(all: readonly Trained[], system: FakeFiles, step: number, keep: number) {
  for (const each of all) fillWith(device, each, step);
  const groups = meet(all.length);
  return Promise.allSettled(
    all.map((each, rank) =>
      new ShardedCheckpoints(groups[rank], RUN, { keep, system }).save(step, { ...each, state: { at: step } }),
    ),
  );
}

/** The step of the newest checkpoint, of which every number is that. */
async function heldIn(system: FakeFiles, loading: readonly Trained[]): Promise<number | undefined> {
  const latest = await latestCheckpoint(RUN, system);
  if (!latest) return undefined;
  for (const each of loading) fillWith(device, each, 77);
  const groups = meet(loading.length);
  const files = fakeFolder(system, latest.folder);
  const found = await Promise.all(loading.map((each, rank) => restoreShards(groups[rank], files, each)));
  for (const [rank, { step, state }] of found.entries()) {
    expect([step, { ...state }]).toEqual([latest.step, { at: latest.step }]);
    expect([...(await saidBy(loading[rank]))]).toEqual([latest.step]);
  }
  return latest.step;
}

const ends: readonly [name: string, fault: Fault, after: (system: FakeFiles) => void][] = [
  ["a full disk", "fails", () => {}],
  ["a kill", "stops", () => {}],
  ["a power cut on an eager disk", "stops", (system) => system.cutPower(true)],
  ["a power cut on a lazy disk", "stops", (system) => system.cutPower(false)],
];

describe.each(ends)("%s at any step", { timeout: 120_000 }, (_, fault, after) => {
  it.each([
    ["a new checkpoint", 3, 1],
    ["a new checkpoint beside others", 3, 3],
    ["a checkpoint in place of one of the same step", 2, 2],
  ])("leaves a whole one, while ranks write %s", async (__, step, keep) => {
    const [saving, loading] = [make(), make(2)];
    for (const each of [...saving, ...loading]) fillWith(device, each, 1);
    const bytes = device.memoryStats().allocated.current;
    const said = new Set<string>();
    let at = 0;
    for (; ; at++) {
      const system = new FakeFiles();
      for (const before of [1, 2]) await saveAll(saving, system, before, keep);
      system.arm(fault, at);
      const results = await saveAll(saving, system, step, keep);
      const failures = results.flatMap((each) => (each.status === "rejected" ? [each.reason as Error] : []));
      expect([0, RANKS]).toContain(failures.length); // all or none
      const done = failures.length === 0;
      if (!system.hasFailed) {
        expect(done).toBe(true);
        system.restart();
        system.cutPower(false);
        expect(await heldIn(system, loading)).toBe(step);
        break;
      }
      after(system);
      if (fault === "fails") expect(await heldIn(system, loading)).toBe(done ? step : 2);
      system.restart();
      const held = await heldIn(system, loading);
      if (done) expect(held).toBe(step);
      else if (fault === "fails") {
        expect(held).toBe(2);
        for (const { message } of failures) said.add(message.replace(/^Rank \d failed: /, "").slice(0, 60));
      } else expect([2, step]).toContain(held);
      await saveAll(saving, system, 4, keep);
      expect(await heldIn(system, loading)).toBe(4);
      const names = (await system.list(RUN))!;
      expect(names.filter((each) => !each.startsWith("step-"))).toEqual([]);
      expect(names.length).toBeLessThanOrEqual(keep);
    }
    expect(at).toBeGreaterThan(fault === "fails" ? 25 : 40);
    if (fault === "fails")
      for (const text of said) expect(text).toMatch(/^\/run\/step-0000000. was not written: The disk is full/);
    expect(device.memoryStats().allocated.current).toBe(bytes); // copies are given back, whatever happens
    free([...saving, ...loading]);
  });
});

describe("ranks that contradict each other", () => {
  const errorsOf = async (change: (all: Trained[]) => void, states: readonly object[] = []): Promise<string[]> => {
    const [all, system] = [make(2), new FakeFiles()];
    await saveAll(all, system, 1, 2);
    change(all);
    const groups = meet(2);
    const results = await Promise.allSettled(
      all.map((each, rank) =>
        new ShardedCheckpoints(groups[rank], RUN, { system }).save(2, { ...each, state: { at: 2, ...states[rank] } }),
      ),
    );
    expect((await latestCheckpoint(RUN, system))?.step).toBe(1);
    expect(await system.list(RUN)).toEqual(["step-00000001"]);
    free(all);
    return results.map((each) => (each.status === "rejected" ? String(each.reason.message) : "saved"));
  };
  const both = (message: string) => [message, message];

  it("are told so, all of them, and nothing is written", async () => {
    expect(await errorsOf(() => {}, [{ samples: 223 }, { samples: 220 }])).toEqual(
      both(
        "state.samples is 223 on rank 0, and 220 on rank 1. A checkpoint says one thing for all ranks: count what all of them have done, such as the samples that were taken.",
      ),
    );
    const long = (n: number) => ({ losses: Array.from({ length: 50 }, (_, i) => (i === 40 ? n : 1)) });
    expect((await errorsOf(() => {}, [long(1), long(2)]))[1]).toMatch(
      /^state\.losses is \[1,1,1.*… \(101 characters, [0-9a-f]+\) on rank 0, and \[1,1,1.*… \(101 characters/,
    );
    expect(await errorsOf(([, second]) => fillWith(device, second, 5))).toEqual(
      both("rows: its count of steps is 1 on rank 0, and 5 on rank 1."),
    );
    expect(await errorsOf(([, second]) => second.model.rows.describe({ from: [2, 0] }))).toEqual(
      both(
        "rows [5, 2]: boxes [0, 0] + [3, 2] and [2, 0] + [2, 2] share 2 elements. Ranks have to have all of it, once.",
      ),
    );
    expect(await errorsOf(([, second]) => second.model.rows.describe({ from: [4, 0] }))).toEqual(
      both(
        "rows: on rank 1, its part reaches from 4 to 6 along axis 0, which has 5. It is gathered now; save and load it between steps, outside whole().",
      ),
    );
  });

  it("hear of what failed on one of them before anything was written", async () => {
    const unsafe = { n: 2 ** 60 };
    const [first, second] = await errorsOf(() => {}, [{}, unsafe]);
    expect(second).toMatch(/^The state is not strict JSON: character 12 is the whole number 1152921504606847000;/);
    expect(first).toBe(`Rank 1 failed: ${second}`);
  });
});

/** A job that saves for ever, and is killed; every number in a checkpoint is its step's. */
it("kill −9 of a job of three ranks, again and again: the newest checkpoint is whole", {
  timeout: 600_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "sharded-kills-"));
  const random = mulberry32(5);
  const loading = make(2);
  let least = 0;
  for (let kill = 0; kill < (isLong ? 100 : 4); kill++) {
    const args = ["bin/worldsize.mjs", "run", "test/programs/checkpoint-endless.ts", "-n", "3", "--folder", folder];
    const child: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr?.on("data", (data: Buffer) => (said += String(data)));
    const gone = new Promise<void>((resolve) => child.on("exit", () => resolve()));
    const name = (step: number): string => `step-${String(step).padStart(8, "0")}`;
    while (child.exitCode === null && !existsSync(join(folder, name(least + 2))))
      await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 40 * random()));
    child.kill("SIGKILL");
    await gone;
    expect(said).toBe("");
    const latest = await latestCheckpoint(folder);
    expect(latest!.step).toBeGreaterThanOrEqual(least + 2);
    least = latest!.step;
    const groups = meet(2);
    await Promise.all(loading.map((each, rank) => restoreShards(groups[rank], filesOf(latest!.folder), each)));
    for (const each of loading) expect([...(await saidBy(each))]).toEqual([least]);
    expect(readdirSync(folder).filter((each) => !each.startsWith("step-"))).toEqual([]);
  }
  free(loading);
  rmSync(folder, { recursive: true });
});
