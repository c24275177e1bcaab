/** What `worldsize check` says fits the terminal: sentences are wrapped there, and whole lines go into a pipe. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { wrap } from "../../src/cli/learn/layout.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "worldsize-width-"));
  writeFileSync(join(folder, "mine.ts"), "export function crossover(): number {\n  return 1_000_000;\n}\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The lines of a failed check in a terminal of so many columns, or in a pipe. */
function checked(columns?: number): string[] {
  const command = `${process.execPath} ${resolve("bin/worldsize.mjs")} check 4.2 --file mine.ts --seed 1`;
  const [file, args] = columns
    ? ["script", ["-qec", `stty cols ${columns} rows 24; ${command}`, "/dev/null"]]
    : ["sh", ["-c", command]];
  const env = { ...process.env, NO_COLOR: "1" };
  const { stdout } = spawnSync(file, args, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  // Progress comes first, and is cleared.
  return stdout.slice(stdout.lastIndexOf("\x1b[K") + (columns ? "\x1b[K".length : 1)).split(/\r?\n/);
}

it("in a terminal of 80 columns, and of 50", () => {
  const whole = checked().join(" ").replace(/\s+/g, " ");
  expect(Math.max(...checked().map(({ length }) => length))).toBeGreaterThan(80);
  for (const columns of [80, 50]) {
    const lines = checked(columns);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    expect(lines.join(" ").replace(/\s+/g, " ")).toBe(whole);
  }
});

it("a word that is wider than the terminal has a line of its own, and none before it", () => {
  expect(wrap(`  ${"x".repeat(30)} and more`, 20)).toEqual([`  ${"x".repeat(30)}`, "  and more"]);
});
