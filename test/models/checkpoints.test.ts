import { fork } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { latestCheckpoint, writeCheckpoint } from "../../src/models/node/checkpoints.ts";
import { type NewFile, writeDirectory, writeOneFile } from "../../src/models/node/directory.ts";
import type { FileSystem } from "../../src/models/node/file-system.ts";
import { isLong } from "../helpers/long.ts";
import { FakeFiles, type Fault, Stopped } from "./fake-files.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const filesOf = (word: string): NewFile[] => [
  { name: "weights", chunks: [bytes(word), bytes(word.repeat(3))] },
  { name: "state", chunks: [bytes(`state of ${word}`)] },
];
const RUN = "/run";

/** What the latest checkpoint holds; undefined without one. */
async function heldIn(system: FileSystem): Promise<string | undefined> {
  const latest = await latestCheckpoint(RUN, system);
  if (!latest) return undefined;
  const text = async (name: string) => new TextDecoder().decode(await system.readAll(`${latest.folder}/${name}`));
  const word = (await text("state")).replace("state of ", "");
  expect(await text("weights")).toBe(word.repeat(4));
  return word;
}

async function prepared(keep: number): Promise<FakeFiles> {
  const system = new FakeFiles();
  for (const [step, word] of [
    [1, "one"],
    [2, "two"],
  ] as const)
    await writeCheckpoint(RUN, step, filesOf(word), { keep, system });
  return system;
}

/** Ends of a process, and of its machine. */
const ends: readonly [name: string, fault: Fault, after: (system: FakeFiles) => void][] = [
  ["a full disk", "fails", () => {}],
  ["a kill", "stops", () => {}],
  ["a power cut on an eager disk", "stops", (system) => system.cutPower(true)],
  ["a power cut on a lazy disk", "stops", (system) => system.cutPower(false)],
];

describe.each(ends)("%s at any step", (name, fault, after) => {
  it.each([
    ["a new checkpoint", 3, 1],
    ["a new checkpoint beside others", 3, 3],
    ["a checkpoint in place of one of the same step", 2, 1],
    ["a checkpoint in place of one of several", 2, 2],
  ])("leaves a whole one, while writing %s", async (_, step, keep) => {
    let at = 0;
    let left = 0;
    for (; ; at++) {
      const system = await prepared(keep);
      system.arm(fault, at);
      let error: Error | undefined;
      await writeCheckpoint(RUN, step, filesOf("new"), { keep, system }).catch((thrown) => {
        error = thrown;
      });
      if (!system.hasFailed) {
        system.restart();
        system.cutPower(false); // what was reported as written is on the disk
        expect(await heldIn(system)).toBe("new");
        break;
      }
      after(system);
      // A program that goes on after a full disk finds it, too, not only one that is started again.
      if (fault === "fails") expect(await heldIn(system)).toBe(error ? "two" : "new");
      system.restart();
      left += (await system.list(RUN))!.filter((name) => name.startsWith(".")).length;
      const held = await heldIn(system);
      if (!error) expect(held).toBe("new");
      else if (fault === "fails") {
        expect(held).toBe("two");
        expect(error.message).toMatch(
          /^\/run\/step-0000000. was not written: The disk is full \(ENOSPC: no space left on device\), while /,
        );
        expect(error.message).toContain("What was there before is unchanged. Make room, or write elsewhere.");
      } else {
        expect(error).toBeInstanceOf(Stopped);
        expect(["two", "new"]).toContain(held);
      }
      // The next write works, and nothing is left of the ended one.
      await writeCheckpoint(RUN, 4, filesOf("next"), { keep, system });
      expect(await heldIn(system)).toBe("next");
      const names = (await system.list(RUN))!;
      expect(names.filter((name) => !name.startsWith("step-"))).toEqual([]);
      expect(names.length).toBeLessThanOrEqual(keep);
    }
    expect(at).toBeGreaterThan(fault === "fails" ? 12 : 20);
    if (fault === "stops" && !name.includes("lazy")) expect(left).toBeGreaterThan(0);
  });
});

it.each(ends)("%s at any step leaves a whole file in its place", async (_, fault, after) => {
  const file = `${RUN}/model.gguf`;
  const held = async (system: FileSystem) => new TextDecoder().decode(await system.readAll(file));
  let at = 0;
  for (; ; at++) {
    const system = await prepared(1);
    await writeOneFile(file, [bytes("old")], system);
    system.arm(fault, at);
    let error: Error | undefined;
    await writeOneFile(file, [bytes("ne"), bytes("w")], system).catch((thrown) => (error = thrown));
    if (!system.hasFailed) break;
    after(system);
    system.restart();
    if (!error) expect(await held(system)).toBe("new");
    else if (error.message.includes("What was there before is unchanged")) expect(await held(system)).toBe("old");
    else expect(["old", "new"]).toContain(await held(system));
    if (fault === "fails") expect(error?.message).toContain("ENOSPC");
    await writeOneFile(file, [bytes("next")], system);
    expect(await held(system)).toBe("next");
    expect((await system.list(RUN))!.filter((name) => name.startsWith("."))).toEqual([]);
  }
  expect(at).toBeGreaterThan(5);
  const system = await prepared(1);
  await system.makeFolder(file);
  await expect(writeOneFile(file, [], system)).rejects.toThrow(`${file} is a folder`);
});

it("says what it was doing when the disk was full, at fsync and at close too", async () => {
  const messages: string[] = [];
  for (let at = 0; ; at++) {
    const system = await prepared(1);
    system.arm("fails", at);
    await writeDirectory(`${RUN}/model`, filesOf("x"), system).catch((error) => messages.push(error.message));
    if (!system.hasFailed) break;
    expect(await system.list(`${RUN}/model`)).toBeUndefined();
  }
  const doing = messages.map((message) => /while (writing [a-z]+|[a-z]+)/.exec(message)?.[1]);
  // make; twice create, write, sync, close (weights have two writes); sync the folder, rename, sync the one above.
  expect(doing).toEqual([
    "making",
    ...Array(5).fill("writing weights"),
    ...Array(4).fill("writing state"),
    "moving",
    "moving",
    "moving",
  ]);
});

it("skips what is not whole, and names that are not its own", async () => {
  const folder = mkdtempSync(join(tmpdir(), "checkpoints-"));
  for (const step of [5, 6, 7, 8, 9]) await writeCheckpoint(folder, step, filesOf(`${step}`), { keep: 9 });
  const path = (step: number, name: string) => join(folder, `step-0000000${step}`, name);
  rmSync(path(9, "weights"));
  writeFileSync(path(8, "weights"), "short");
  writeFileSync(path(7, "checkpoint-files.json"), '{"weights":');
  rmSync(path(6, "checkpoint-files.json"));
  writeFileSync(join(folder, "step-00000010"), "a file");
  expect(await latestCheckpoint(folder)).toEqual({ step: 5, folder: join(folder, "step-00000005") });
  expect(await latestCheckpoint(join(folder, "nothing"))).toBeUndefined();
  rmSync(folder, { recursive: true });
});

it("keeps the last few", async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "checkpoints-")), "run");
  for (const step of [1, 2, 10, 9, 100]) await writeCheckpoint(folder, step, filesOf("x"), { keep: 3 });
  expect(readdirSync(folder).sort()).toEqual(["step-00000009", "step-00000010", "step-00000100"]);
  await expect(writeCheckpoint(folder, 1.5, [])).rejects.toThrow("A step is a whole number from 0 on, not 1.5.");
  await expect(writeCheckpoint(folder, 1, [], { keep: 0 })).rejects.toThrow("At least 1 checkpoint is kept, not 0.");
});

it("leaves alone what a living process is making", async () => {
  const system = await prepared(2);
  await system.makeFolder(`${RUN}/.step-00000003.worldsize-1-00000000.part`);
  await writeCheckpoint(RUN, 4, filesOf("x"), { system });
  expect(await system.list(RUN)).toContain(".step-00000003.worldsize-1-00000000.part");
  system.restart();
  await latestCheckpoint(RUN, system);
  expect(await system.list(RUN)).not.toContain(".step-00000003.worldsize-1-00000000.part");
});

it.each(["", ".", "..", "a/b", "a\\b"])("refuses the file name %j", async (name) => {
  await expect(writeDirectory(`${RUN}/x`, [{ name, chunks: [] }], await prepared(1))).rejects.toThrow(
    "is no plain file name",
  );
});

it("passes on what the source of the bytes threw, and leaves what was there", async () => {
  const system = await prepared(1);
  const chunks = (function* () {
    yield bytes("x");
    throw new Error("no more");
  })();
  await expect(writeDirectory(`${RUN}/step-00000002`, [{ name: "weights", chunks }], system)).rejects.toThrow(
    "no more",
  );
  expect(await heldIn(system)).toBe("two");
  expect(await system.list(RUN)).toEqual(["step-00000002"]);
});

it(
  "is whole after kills of real processes at random moments",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "checkpoints-kill-"));
    const program = join(folder, "child.mjs");
    await build({
      entryPoints: [fileURLToPath(new URL("./checkpoint-child.ts", import.meta.url))],
      outfile: program,
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "error",
    });
    const run = join(folder, "run");
    let least = 0;
    const kills = isLong ? 200 : 10;
    for (let i = 0; i < kills; i++) {
      const process = fork(program, [run, String(least + 1)]);
      let said = least;
      process.on("message", (step) => {
        said = step as number;
      });
      await new Promise((resolve) => process.once("message", resolve));
      await new Promise((resolve) => setTimeout(resolve, (i * 37) % 50));
      process.kill("SIGKILL");
      await new Promise((resolve) => process.once("exit", resolve));
      const latest = await latestCheckpoint(run);
      expect(latest!.step).toBeGreaterThanOrEqual(said);
      least = latest!.step;
      const weights = readFileSync(join(latest!.folder, "weights"));
      expect(weights.length).toBe(1 << 20);
      expect(weights.every((byte) => byte === least % 256)).toBe(true);
    }
    await writeCheckpoint(run, least + 1, filesOf("x"), { keep: 1 });
    expect(readdirSync(run)).toEqual([`step-${String(least + 1).padStart(8, "0")}`]);
    rmSync(folder, { recursive: true });
  },
  (isLong ? 20 : 1) * 30_000,
);
