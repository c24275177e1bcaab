/** Every listing of the course does what the page says: programs run as pasted, fragments have types, commands are understood. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isLong } from "../helpers/long.ts";
import { type Block, blocksOf, coursePages, readPage } from "../helpers/pages.ts";
import { typed, understood } from "../helpers/typed.ts";
import { linesMissing } from "./listings/compare.ts";
import { type Apart, failing, looked, others, read } from "./listings/kinds.ts";
import { printings } from "./listings/printed.ts";
import { isProgram, typeErrors } from "./listings/types.ts";

const folder = mkdtempSync(join(tmpdir(), "worldsize-listings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const blocks = coursePages.flatMap((page) => blocksOf(page));
const source = blocks.filter(({ language }) => language === "ts");
const shell = blocks.filter(({ language }) => language === "sh");

it("every block says what it is: a program, commands, or something to look at", () => {
  expect([...new Set(blocks.map(({ language }) => language))].sort()).toEqual(["", "python", "sh", "ts"]);
  expect(source.length).toBeGreaterThan(20);
  expect(shell.length).toBeGreaterThan(25);
});

it("fragments have types, and tasks the signatures of their solutions", () => {
  expect(Object.fromEntries(typeErrors(source))).toEqual({});
});

const programs = source.filter(isProgram);
/** Programs that a command of their page runs, and that fail there: it is what they show. */
const fails = (program: Block): boolean => {
  const name = nameOf(program);
  return name !== undefined && apart(failing, `npx worldsize run ${name}`) !== undefined;
};

describe("programs run as pasted", () => {
  const run = programs.filter((program) => !fails(program));
  it("there are some", () => expect(run.length).toBeGreaterThan(1));
  it.each(run)("$place", async (program) => {
    const file = pasted(program);
    const { code, text: printed } = await typed(`worldsize run ${file}`);
    expect(printed).toMatch(/^rank 0 │ /m);
    expect(code, printed).toBe(0);
  });
});

/** What a page calls a program in the line above it: "Save this as `skip.ts`:". */
function nameOf({ page, line }: Block): string | undefined {
  const above = readPage(page)
    .split("\n")
    .slice(0, line - 2);
  return /`([\w-]+\.ts)`:\s*$/.exec(above.join("\n"))?.[1];
}

/** Writes a program to a file of its own. @returns where. */
function pasted(program: Block): string {
  const own = join(folder, program.place.replace(/\W+/g, "-"));
  mkdirSync(own, { recursive: true });
  const file = join(own, nameOf(program) ?? "program.ts");
  writeFileSync(file, `${program.text}\n`);
  return file;
}

/** What lines of a page call the reader's own files. */
function filesOf(page: string): Map<string, string> {
  const own = programs.filter((block) => block.page === page);
  const files = new Map<string, string>();
  if (own.length > 0) for (const name of ["my.ts", "train.ts", "mean.ts", "grid.ts"]) files.set(name, pasted(own[0]));
  for (const program of own) files.set(nameOf(program) ?? "my.ts", pasted(program));
  const answer = "course/part1-distributed/chapter01-first-program/exercises/1-world-of-eight/solution.ts";
  files.set("exercises/1.1-world-of-eight.ts", resolve(answer));
  for (const name of ["trace.json", "streams.json", "streams.html", "why.svg", "logs"])
    files.set(name, join(folder, name));
  const secret = join(folder, "job.secret");
  writeFileSync(secret, "a secret of this test, long enough to be one", { mode: 0o600 });
  return files.set("job.secret", secret);
}

const lines = shell
  .filter(({ text }) => !/\bjoin\b.*&\s*$/m.test(text))
  .flatMap(({ page, line, text }) =>
    text.split("\n").flatMap((command, i) => (command.trim() === "" ? [] : [{ page, line: line + i, command }])),
  );
const ours = lines.filter(({ command }) => /^(\w+=\S* )*npx worldsize /.test(command));
const apart = (list: readonly Apart[], command: string): Apart | undefined =>
  list.find(({ line }) => line.test(command));
const same = (command: string): string => command.replace(/\s+#.*$/, "").trim();
const run = [
  ...new Map(ours.filter(({ command }) => !apart(read, command)).map((each) => [same(each.command), each])).values(),
];

const shown = blocks.filter(({ language }) => language === "");
/** The commands above something that is shown, unless it is looked at, or another program prints it. */
function commandsAbove(block: Block): string[] {
  const known = [...looked.map(({ line }) => line), ...printings.map(({ block: printed }) => printed)];
  if (known.some((one) => one.test(block.text))) return [];
  const above = shell.filter(({ page, line }) => page === block.page && line < block.line).at(-1);
  return above?.text.split("\n") ?? [];
}
/** Those that run anyhow, as they are: what they print is compared with the page. */
const compared = new Set(shown.flatMap((block) => commandsAbove(block).slice(0, 1).map(same)));
const rest = run.filter(({ command }) => isLong || !compared.has(same(command)));
/** In the short form every second of those that succeed: each script runs in its own test, and the parsers read the others. */
const chosen = rest.filter(({ command }, place) => isLong || place % 2 === 0 || apart(failing, same(command)));

describe("commands run, in their quick form", () => {
  it.each(chosen)("$page:$line $command", async ({ page, command }) => {
    const { code, text } = await typed(command, { files: filesOf(page) });
    expect(text.length > 0 || command.includes("--log-dir"), command).toBe(true);
    expect(code, text).toBe(apart(failing, same(command)) ? 1 : 0);
  });
});

it("commands that nobody runs here are understood by their own parsers", async () => {
  const unread = new Set(rest.filter((each) => !chosen.includes(each)));
  for (const each of ours.filter((one) => apart(read, one.command) || unread.has(one))) {
    const { page, line, command } = each;
    await understood(command, { files: filesOf(page) }).catch((error: Error) => {
      throw new Error(`${page}:${line}: ${command}: ${error.message}`);
    });
  }
});

it("lines of other programs are known, and no reason is left without its line", () => {
  const rest = lines.filter((line) => !ours.includes(line));
  expect(
    rest.filter(({ command }) => !apart(others, command)).map(({ page, command }) => `${page}: ${command}`),
  ).toEqual([]);
  const unused = [...read, ...others].filter(({ line }) => !lines.some(({ command }) => line.test(command)));
  const lost = failing.filter(({ line }) => !run.some(({ command }) => line.test(same(command))));
  expect([...unused, ...lost].map(({ line }) => String(line))).toEqual([]);
});

it("ranks that a shell starts meet each other", () => {
  const scripts = shell.filter(({ text }) => /\bjoin\b.*&\s*$/m.test(text));
  expect(scripts.length).toBeGreaterThan(0);
  const port = 20_000 + Math.floor(process.pid % 20_000);
  for (const { text, place } of scripts) {
    const npx = `npx() { shift; ${JSON.stringify(process.execPath)} ${JSON.stringify(resolve("bin/worldsize.mjs"))} "$@"; }`;
    const command = `${npx}\n${text.replaceAll("29500", String(port))}\nwait`;
    const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8", cwd: folder });
    expect(status, `${place}\n${stderr}`).toBe(0);
    for (const rank of [0, 1]) expect(stdout).toContain(`Hello from rank ${rank} of 2`);
  }
});

describe("what is shown as printed was printed", () => {
  const kind = (text: string): string | undefined => {
    if (looked.some(({ line }) => line.test(text))) return "looked at";
    return printings.some(({ block }) => block.test(text)) ? "printed" : undefined;
  };

  it.each(shown.filter(({ text }) => kind(text) !== "looked at"))("$place", async (block) => {
    const program = printings.find(({ block: known }) => known.test(block.text));
    if (program) return expect(linesMissing(block.text, await program.print())).toEqual([]);
    const above = commandsAbove(block);
    const unknown = `no command above prints this, and listings/printed.ts does not know it:\n${block.text}`;
    expect(above.length, unknown).toBeGreaterThan(0);
    const misses: string[][] = [];
    for (const command of above) {
      const { code, text } = await typed(command, { quick: false, files: filesOf(block.page) });
      expect(code, text).toBe(apart(failing, same(command)) ? 1 : 0);
      misses.push(linesMissing(block.text, text));
      if (misses.at(-1)?.length === 0) return;
    }
    expect(misses).toContainEqual([]);
  });

  it("and every program and exception is of a block that is there", () => {
    const known = [...looked.map(({ line }) => line), ...printings.map(({ block }) => block)];
    expect(known.filter((one) => !shown.some(({ text }) => one.test(text))).map(String)).toEqual([]);
  });
});
