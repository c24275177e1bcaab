// What a rank printed, and how it ended, arrive whole: over every transport, whatever the reader's speed.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cases } from "../helpers/long.ts";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

const folder = mkdtempSync(join(tmpdir(), "worldsize-endings-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

/** Runs the command. @param slow milliseconds before anything that it prints is read. */
function run(args: readonly string[], slow = 0): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["bin/worldsize.mjs", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    setTimeout(() => child.stdout.setEncoding("utf8").on("data", (text) => (out += text)), slow);
    child.stderr.setEncoding("utf8").on("data", (text) => (err += text));
    child.on("close", (code) => resolve({ out, err, code }));
  });
}

const endings = "test/programs/endings.ts";
const places = cases(["shm", "local", "tcp", "shm --streams threaded"], 0, 1, 2);

function ending(how: string, place: string, slow = 0): Promise<Ended> {
  return run(["run", endings, "-n", "2", "--how", how, "--transport", ...place.split(" ")], slow);
}

/** A program of a few lines. */
function program(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe.each(places)("over %s", (place) => {
  const local = place === "local";

  it("every line arrives, and the exit code is kept", async () => {
    const [few, code, exit] = await Promise.all([ending("", place), ending("code", place), ending("exit", place)]);
    for (const { out } of [few, code]) expect(out.match(/^line \d of [01]$/gm)).toHaveLength(10);
    expect([few.code, code.code, exit.code]).toEqual([0, 3, 4]);
    expect(exit.out).toContain("last words of 1");
    expect(exit.err).toContain("called process.exit(4) before its program had ended");
  });

  it("many lines and long ones arrive whole, however late they are read", async () => {
    const [many, long] = await Promise.all([ending("many", place, 1500), ending("long", place)]);
    expect(many.code).toBe(0);
    for (const rank of [0, 1]) {
      const own = many.out.match(new RegExp(`^${rank} \\d+$`, "gm")) ?? [];
      expect(own).toEqual(Array.from({ length: 20_000 }, (_, i) => `${rank} ${i}`));
    }
    expect(long.out).toContain("x".repeat(3_000_000));
  });

  it("causes, aggregates and what is no error are told", async () => {
    const [cause, aggregate, thrown] = await Promise.all(
      ["cause", "aggregate", "thrown"].map((how) => ending(how, place)),
    );
    for (const part of ["outer", "inner"]) expect(cause.err).toContain(part);
    for (const part of ["both", "one", "two"]) expect(aggregate.err).toContain(part);
    expect(thrown.err).toContain("code: 7");
    expect([cause.code, aggregate.code, thrown.code]).toEqual([1, 1, 1]);
  });

  it("long texts are cut where they are made, and nothing is taken for a deadlock", async () => {
    const [error, abort, name, deadlock] = await Promise.all(
      ["longError", "abort", "longName", "deadlock"].map((how) => ending(how, place)),
    );
    expect(error.err).toContain("eeee");
    expect(abort.err).toContain("aaaa");
    for (const { err, code } of [error, abort]) {
      expect(code).toBe(1);
      expect(err).not.toContain("Deadlock");
      expect(err).toMatch(/more characters/);
      expect(err.length).toBeLessThan(400_000);
    }
    expect(name.err).toContain("a name of 30000 characters; that of a group has at most 200.");
    expect(deadlock.err).toContain("Deadlock");
    expect(local || deadlock.code === 1).toBe(true);
  });
});

it("a program that can never go on, or throws as it is loaded, is an error", async () => {
  const never = program("never.ts", "await new Promise(() => {});\nexport default () => {};\n");
  const timed = program(
    "timed.ts",
    "setInterval(() => {}, 50);\nawait new Promise(() => {});\nexport default () => {};\n",
  );
  const throwing = program("throwing.ts", 'throw new Error("at import");\nexport default () => {};\n');
  const [stuck, thrown] = await Promise.all([run(["run", never]), run(["run", throwing])]);
  expect(stuck.err).toContain("never");
  expect(stuck.code).not.toBe(0);
  expect(thrown.err).toContain("at import");
  // What a timer might still help is not ended, but said.
  const script = `(await import("./dist/testing.js")).loadProgram(process.argv[1], 200)`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, timed], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = await new Promise<string>((resolve) => child.stderr.setEncoding("utf8").once("data", resolve));
  child.kill("SIGKILL");
  expect(said).toBe("timed.ts is still being imported after 0.2 s: it awaits something at its top level.\n");
  expect(thrown.code).not.toBe(0);
});
