/** Accidents at the keyboard of `learn`, one after the other in one lesson: it goes on after each. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { courseExercises } from "../../src/exercise/node/catalog.ts";
import { isPosix } from "../helpers/systems.ts";
import { Terminal } from "../helpers/terminal.ts";

const home = mkdtempSync(join(tmpdir(), "worldsize-accidents-"));
const below = join(home, "exercises", "deeper");
const file = join(home, "exercises", "1.3-read-the-environment.ts");
const progress = join(home, "exercises", "progress.json");
afterAll(() => rmSync(home, { recursive: true, force: true }));

const solution = readFileSync(
  join(courseExercises().find(({ number }) => number === "1.3")?.folder ?? "", "solution.ts"),
  "utf8",
);
const body = (text: string): string =>
  `export function identity(env: Record<string, string | undefined>) {\n${text}\n}\n`;

describe.runIf(isPosix)("a lesson goes on", () => {
  let terminal: Terminal;
  beforeAll(async () => {
    mkdirSync(below, { recursive: true });
    writeFileSync(file, body("  return undefined;"));
    writeFileSync(progress, "{}");
    terminal = new Terminal(below, "learn", "1.3"); // begun in a folder above
    await terminal.sees("every save is checked");
  });
  afterAll(async () => {
    const ended = terminal.ended();
    terminal.press("q");
    expect(await ended).toBe(0);
  });

  const save = (text: string): void => {
    terminal.forget();
    writeFileSync(file, text);
  };

  it("where it was begun in a folder above", async () => {
    terminal.press("c");
    await terminal.sees(/your file +\.\.\/1\.3-read-the-environment\.ts/);
    await terminal.sees("failed  1.3 read-the-environment");
  });

  it("after a function that is only begun", async () => {
    save("export function identity(env) {}\n");
    await terminal.sees("failed  1.3 read-the-environment: what it returns");
    await terminal.sees(/Is\s+a\s+return\s+missing\?/);
  });

  it("after what does not parse", async () => {
    save("export function identity(env) {\n");
    await terminal.sees("could not run  1.3");
    await terminal.sees(/1\.3-read-the-environment\.ts:\d+:\d+: Unexpected end of file/);
  });

  it("after an error, whose line it names", async () => {
    save(body("  null.x;\n  return {};").replace("null.x", "(null as never as { x: number }).x"));
    await terminal.sees(/Cannot\s+read\s+properties\s+of\s+null[^;]*\(1\.3-read-the-environment\.ts:2\)/);
  });

  it("and shows what the answer printed", async () => {
    save(body('  console.log("here I am");\n  return {};'));
    await terminal.sees("rank 0 printed │ here I am");
  });

  it("after a loop that is left by a newer save", async () => {
    save(body("  for (;;);"));
    await terminal.sees("checking: run 1 of");
    save(body('  console.log("out of it");\n  return {};'));
    await terminal.sees("rank 0 printed │ out of it");
  });

  it("with a progress file that is broken, which it tells of and leaves alone", async () => {
    save(solution);
    await terminal.sees("passed  1.3 read-the-environment");
    await terminal.sees("1 of 46 passed");
    writeFileSync(progress, "{ broken");
    save(body("  return {};"));
    await terminal.sees("failed  1.3 read-the-environment");
    await terminal.sees("progress.json cannot be read");
    terminal.press("h");
    await terminal.sees(/About |Hint 1/);
    expect(readFileSync(progress, "utf8")).toBe("{ broken");
    rmSync(progress);
  });

  it("with predictions as people write them", async () => {
    for (const [typed, verdict] of [
      [" 2 ", "Yes: 2."],
      ["about 7", /Not quite: 2, you said about\s+7\./],
    ] as const) {
      terminal.press("p");
      await terminal.sees("What is LOCAL_RANK of rank 2?");
      terminal.press(`${typed}\r`);
      await terminal.sees(verdict);
    }
  });

  it("and what has passed stays passed when a later save does not", async () => {
    save(solution);
    await terminal.sees("passed  1.3 read-the-environment");
    save(body("  return {};"));
    await terminal.sees("failed  1.3 read-the-environment");
    await terminal.sees("1 of 46 passed");
    expect(JSON.parse(readFileSync(progress, "utf8"))["1.3"].passed).toMatch(/^\d{4}-\d\d-\d\d$/);
  });
});
