/**
 * A training run that is killed again and again goes on bit by bit as one that was not: kill −9 at random moments,
 * also while a checkpoint is being written, and on another number of ranks up to the order of sums.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { latestCheckpoint } from "../../src/models/node/index.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import { isLong } from "../helpers/long.ts";

const KILLS = isLong ? 200 : 3;
const STEPS = isLong ? 2000 : 24;

const folder = mkdtempSync(join(tmpdir(), "worldsize-kills-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A run of a tiny model with a checkpoint every other step. */
function train(out: string, more: readonly string[], steps = STEPS): ChildProcess {
  const size = [
    "--tokens",
    "64",
    "--width",
    "16",
    "--heads",
    "2",
    "--hidden",
    "32",
    "--layers",
    "1",
    "--context",
    "64",
  ];
  const rest = ["--vocabulary", "280", "--texts", "20", "--held", "2", "--every", "2", "--steps", String(steps)];
  const args = ["bin/worldsize.mjs", "run", "train-language-model", ...size, ...rest, "--out", out, ...more];
  return spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** @returns the exit code, and what was said of a failure. */
function ended(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = "";
  child.stderr?.on("data", (data: Buffer) => (said += String(data)));
  return new Promise((resolve) => child.on("exit", (code) => resolve({ code, said })));
}

/** Waits until something is written to a folder. @returns whether the program ended first. */
async function changeOf(folder: string, end: Promise<unknown>): Promise<boolean> {
  const list = (): string => (existsSync(folder) ? readdirSync(folder).join() : "");
  const before = list();
  let isGone = false;
  void end.then(() => (isGone = true));
  while (!isGone && list() === before) await new Promise((resolve) => setTimeout(resolve, 2));
  return isGone;
}

/** Losses of all steps, as the last checkpoint has them. */
async function lossesOf(out: string): Promise<number[]> {
  const latest = await latestCheckpoint(join(out, "checkpoints"));
  const text = readFileSync(join(latest?.folder ?? "", "training.json"), "utf8");
  return (JSON.parse(text) as { state: { losses: number[] } }).state.losses;
}

let whole: number[];
beforeAll(async () => {
  const out = join(folder, "whole");
  const { code, said } = await ended(train(out, []));
  expect([code, said]).toEqual([0, ""]);
  whole = await lossesOf(out);
  expect(whole).toHaveLength(STEPS);
}, 600_000);

/** Runs that are killed, one after the other on as many ranks as are given in turn, and one that gets to the end. */
async function killed(out: string, kills: number, ranks: readonly number[]): Promise<number[]> {
  const random = mulberry32(5);
  const next = async (turn: number): Promise<ChildProcess> => {
    const begun = await latestCheckpoint(join(out, "checkpoints"));
    return train(out, ["-n", String(ranks[turn % ranks.length]), ...(begun ? ["--resume"] : [])]);
  };
  for (let done = 0; done < kills; ) {
    const child = await next(done);
    const end = ended(child);
    // The clock runs from the first thing that is written, however long starting took: some save is in the making or
    // just made, and the moment falls anywhere in the few steps after it.
    const isGone = await changeOf(join(out, "checkpoints"), end);
    if (!isGone) await new Promise((resolve) => setTimeout(resolve, 60 * random()));
    child.kill("SIGKILL");
    const { code, said } = await end;
    if (code === null) done++;
    else expect([code, said]).toEqual([0, ""]);
    if (code === 0) rmSync(out, { recursive: true, force: true }); // it got to its end first: begin again
  }
  const { code, said } = await ended(await next(kills));
  expect([code, said]).toEqual([0, ""]);
  return lossesOf(out);
}

it(`killed ${KILLS} times: the same losses, bit for bit`, { timeout: 3_600_000 }, async () => {
  const out = join(folder, "killed");
  expect(await killed(out, KILLS, [1])).toEqual(whole);
  expect(readdirSync(join(out, "checkpoints")).filter((name) => !name.startsWith("step-"))).toEqual([]);
});

const TURNS = isLong ? 60 : 2;
it(`killed ${TURNS} times, on another number of ranks each time: the same losses up to rounding`, {
  timeout: 3_600_000,
}, async () => {
  const losses = await killed(join(folder, "ranks"), TURNS, [1, 3, 2, 5]);
  expect(losses).toHaveLength(STEPS);
  // A long run enlarges what rounding has begun; a step that is left out or done twice shows within a few steps.
  for (const [i, loss] of losses.slice(0, 100).entries())
    expect(Math.abs(loss - whole[i])).toBeLessThan(1e-4 * whole[i]);
});

it("says what cannot go on", { timeout: 120_000 }, async () => {
  const out = join(folder, "whole");
  const again = await ended(train(out, []));
  expect(again.said).toContain(`has a checkpoint of step ${STEPS}. Go on from it with --resume`);
  const other = await ended(train(out, ["--resume", "--lr", "0.5"]));
  expect(other.said).toContain("This run was begun with --lr 0.003, and cannot go on with 0.5.");
  const none = await ended(train(join(folder, "none"), ["--resume"]));
  expect(none.said).toContain("to go on from. Leave --resume out to begin.");
});
