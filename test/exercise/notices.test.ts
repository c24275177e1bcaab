/** What is noticed in an answer before it runs: what nobody awaits, and errors of types; nothing in right answers. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, describe, expect, it } from "vitest";
import { courseExercises } from "../../src/exercise/node/catalog.ts";
import { Noticer } from "../../src/exercise/node/types/notices.ts";
import { TypeCheck } from "../../src/exercise/node/types/type-check.ts";

const noticer = new Noticer(ts, fileURLToPath(new URL("../../src/index.ts", import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "worldsize-notices-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Notices of a function's body, lines counted from its first. */
function noticed(body: string): string[] {
  const file = join(folder, "answer.ts");
  const head = 'import type { ProcessGroup, Tensor } from "worldsize";\n';
  writeFileSync(file, `${head}export async function f(world: ProcessGroup, x: Tensor, list: Tensor[]) {\n${body}\n}\n`);
  return noticer.noticesOf(file).map(({ line, text }) => `${line - 2}: ${text}`);
}

const floating = "is started here and never awaited: write await before it, or keep it and await it later.";

describe("an answer in which", () => {
  it.each([
    ["a collective is not awaited", "world.allReduce(x);", `1: \`world.allReduce(x)\` ${floating}`],
    ["a message is not awaited", "\nworld.send(x, 1);", `2: \`world.send(x, 1)\` ${floating}`],
    [
      "a list of messages is not awaited",
      "Promise.all([world.send(x, 1)]);",
      `1: \`Promise.all([world.send(x, 1)])\` ${floating}`,
    ],
    ["a then is not awaited", "x.item().then((v) => v + 1);", `1: \`x.item().then((v) => v + 1)\` ${floating}`],
    ["a wait hides behind a condition", "if (world.rank > 0) world.barrier();", `1: \`world.barrier()\` ${floating}`],
    [
      "a text has signs that a replacement would obey",
      'world.split(0, 0, "$&$\'");',
      `1: \`world.split(0, 0, "$&$'")\` ${floating}`,
    ],
    [
      "forEach is given an async function",
      "list.forEach(async (each) => { await world.allReduce(each); });",
      "1: `list.forEach(async (each) => { await wor…` calls an async function and does not wait for it: a for loop with await inside does.",
    ],
    [
      "a number is awaited too late",
      "return x.item() + 1;",
      "1: Operator '+' cannot be applied to types 'Promise<number>' and '1'.",
    ],
    [
      "a method is misspelt",
      "await world.allreduce(x);",
      "1: Property 'allreduce' does not exist on type 'ProcessGroup'. Did you mean 'allReduce'?",
    ],
  ])("%s is told of, with its line", (_, body, notice) => {
    expect(noticed(body)).toEqual([notice]);
  });

  it.each([
    "await world.allReduce(x);",
    "const work = world.send(x, 1); await world.recv(x, 0); await work;",
    "void world.barrier();",
    "x.item().catch(() => undefined);",
    "world.barrier().then(() => 1, () => 2);",
    "let last; last = world.barrier(); await last;",
    "world.allReduce(x).wait(); x.add_(1);",
    "const works = []; works.push(world.send(x, 1)); await Promise.all(works);",
    "await Promise.all(list.map(async (each) => { await world.allReduce(each); }));",
    "const any = (v) => v; console.log(any(1)); setTimeout(() => {}, 1);",
    "let broken = (;",
  ])("all is well, or told by others: %s", (body) => {
    expect(noticed(body)).toEqual([]);
  });
});

it("right answers give rise to no notice: our solutions, and those that were collected", () => {
  const home = fileURLToPath(new URL("answers", import.meta.url));
  const collected = courseExercises().flatMap(({ number }) =>
    readdirSync(join(home, number))
      .filter((name) => name.startsWith("ok-"))
      .map((name) => join(home, number, name)),
  );
  const ours = courseExercises().flatMap((each) => [join(each.folder, "solution.ts"), join(each.folder, "starter.ts")]);
  expect(collected.length).toBeGreaterThan(20);
  for (const file of [...ours, ...collected]) expect([file, noticer.noticesOf(file)]).toEqual([file, []]);
});

it("a process of its own says so again and again, and keeps nobody waiting", async () => {
  const types = new TypeCheck();
  const file = join(folder, "own.ts");
  for (const [text, count] of [
    ["async function f() {}\nf();", 1],
    ["export {};", 0],
  ] as const) {
    writeFileSync(file, text);
    expect(await types.noticesOf(file)).toHaveLength(count);
  }
  expect(await types.soon(new Promise(() => {}), 10)).toEqual([]);
  types.close();
  expect(await types.noticesOf(file)).toEqual([]);
});
