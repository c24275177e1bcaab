/** Words that come from programs reach the terminal as words, by every road: nothing in them is obeyed, and none is said twice. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { visibleLines } from "../../src/trace/text.ts";
import { commandIn } from "../helpers/command.ts";

const home = mkdtempSync(join(tmpdir(), "worldsize-words-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const ESC = "\u001b";

const worldsize = commandIn(home);

function program(name: string, body: string): string {
  const text = `import { defineScript } from "worldsize";
export default defineScript({ about: "t \\u001b[31m", ranks: 2, async main({ world, show }) { ${body} } });`;
  writeFileSync(join(home, name), text);
  return name;
}

it("a line cannot go back over its prefix, and ends of lines of Windows are ends of lines", ({ expect }) => {
  expect(visibleLines("a\rb\r\nc\td\u001b[2J")).toBe("a␍b\nc\td␛[2J");
});

describe.concurrent("escape sequences are seen and not obeyed", () => {
  it("in what a rank throws, its name and its causes; with --ansi they pass", async ({ expect }) => {
    const file = program(
      "throws.ts",
      'const e = new Error("red \\u001b[31m", { cause: new Error("\\u009b2J") }); e.name = "\\u001b]0;N\\u0007"; throw e;',
    );
    for (const args of [
      ["run", file, "-n", "1"],
      ["launch", "-n", "1", file],
    ]) {
      const { status, err } = await worldsize(...args);
      expect(status).toBe(1);
      expect(err).toContain("␛]0;N␇: red ␛[31m");
      expect(err).toContain("caused by Error: �2J");
      expect(err).not.toContain(ESC);
    }
    expect((await worldsize("run", file, "-n", "1", "--ansi")).err).toContain(`red ${ESC}[31m`);
  });

  it("in words about a restart", async ({ expect }) => {
    const again = program("again.ts", 'throw new Error("again \\u001b[31m");');
    const { err } = await worldsize("launch", "--max-restarts", "1", "-n", "1", again);
    expect(err).toMatch(/Restart 1 of 1.*again ␛\[31m/);
    expect(err).not.toContain(ESC);
  });

  it("in names of files and of programs", async ({ expect }) => {
    const { err } = await worldsize("run", `no${ESC}[31m.ts`);
    expect(err).toMatch(/^worldsize: There is no file no␛\[31m\.ts\./);
    const trace = await worldsize("run", program("fine.ts", ""), "--trace", `/no${ESC}where/x`);
    expect(trace.err).toContain("The trace could not be written to /no␛where/x");
    expect((await worldsize("run", "fine.ts", "--help")).out).toContain("t ␛[31m");
  });

  it("in what an answer throws and shows", async ({ expect }) => {
    const signature =
      'import type { Tensor, World } from "worldsize";\nexport async function mean(world: World, x: Tensor)';
    writeFileSync(join(home, "throws31.ts"), `${signature} { throw new Error("red \\u001b[31m"); }`);
    const { out } = await worldsize("check", "3.1", "--file", "throws31.ts");
    expect(out).toContain("rank 0 threw: red ␛[31m");
    const shows = program("shows11.ts", 'show.line("\\u001b[31mhello"); show.line("a\\rb");');
    const shown = await worldsize("check", "1.1", "--file", shows);
    expect(shown.out).toContain("rank 0 │ ␛[31mhello");
    expect(shown.out).toContain("rank 0 │ a␍b");
    expect(out + shown.out).not.toContain(ESC);
  });
});

it("a message that says itself whose it is gets no second name", async ({ expect }) => {
  const text =
    'import type { Tensor, World } from "worldsize";\nexport async function mean(world: World, x: Tensor) { await world.send(3 as never, 1); }';
  writeFileSync(join(home, "twice.ts"), text);
  const { out } = await worldsize("check", "3.1", "--file", "twice.ts");
  expect(out).toMatch(/\n {2}at twice\.ts:2, rank 0 called world\.send /);
});

it.each([
  ["{ a: 1 }", "Error: { a: 1 }"],
  ["undefined", "Error"],
  ["Symbol('s')", "Error: Symbol(s)"],
])("an error whose message is %s", async (value, head) => {
  const file = program(
    `message-${head.length}.ts`,
    `const e = new Error("x"); (e as { message: unknown }).message = ${value}; throw e;`,
  );
  const { status, err } = await worldsize("run", file, "-n", "1");
  if (status !== 1 || !err.startsWith(`\nrank 0 failed in ${file}:\n${head}\n`)) throw new Error(`${status}: ${err}`);
});
