/** `worldsize figure`: what it lists, what it draws in a terminal and in a file, and what it says when it cannot. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { commandIn } from "../helpers/command.ts";

const folder = mkdtempSync(join(tmpdir(), "worldsize-figure-"));
afterAll(() => rmSync(folder, { recursive: true }));
const worldsize = commandIn(folder);
const paths = readdirSync("course", { recursive: true, encoding: "utf8" })
  .filter((file) => /figures[\\/][^\\/]+\.ts$/.test(file))
  .map((file) => join("course", file))
  .sort();
const names = paths.map((path) => basename(path, ".ts"));

it("figures have names of their own, and their drawings lie beside them", () => {
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(["count", "ring-all-reduce", "collectives", "tree-broadcast"]));
  for (const path of paths) expect(existsSync(path.replace(/\.ts$/, ".svg")), path).toBe(true);
});

it("without a name: all of them, by chapter, each with what it shows", async () => {
  const { status, out, err } = await worldsize("figure");
  expect([status, err]).toEqual([0, ""]);
  const lines = out.trimEnd().split("\n");
  expect(lines.filter((line) => /^\S/.test(line))).toEqual([
    "The front page",
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((chapter) => `Chapter ${chapter}`),
  ]);
  expect(lines.filter((line) => /^ {2}\S/.test(line)).map((line) => line.trim().split(/\s+/)[0])).toEqual(names);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
});

describe.each(names)("%s", (name) => {
  it("is drawn in a terminal of 80 columns", async () => {
    const { status, out, err } = await worldsize("figure", name);
    expect([status, err]).toEqual([0, ""]);
    const lines = out.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(8);
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(80);
  });
});

it("the ring, to the character", async () => {
  const { out } = await worldsize("figure", "ring-all-reduce");
  expect(out).toContain(
    [
      "│  a  │  a  │  a  ││  b  │  b  │  b  ││  c  │  c  │  c  │",
      "Step 1: add what arrives",
      "         ├─ chunk 0: a ────▶├─ chunk 1: b ────▶│",
      "         │◀─────────────────┼──── chunk 2: c ──┤",
      "│  a  │  a  ┃ a+c ┃┃ a+b ┃  b  │  b  ││  c  ┃ b+c ┃  c  │",
    ].join("\n"),
  );
});

it("--svg writes the very file of the chapter", async () => {
  const path = paths[names.indexOf("count")];
  expect(await worldsize("figure", "count", "--svg", "mine.svg")).toMatchObject({ status: 0, err: "" });
  expect(readFileSync(join(folder, "mine.svg"), "utf8")).toBe(readFileSync(path.replace(/\.ts$/, ".svg"), "utf8"));
});

it("--help tells how it is called", async () => {
  const { status, out } = await worldsize("figure", "--help");
  expect(status).toBe(0);
  expect(out).toMatch(/^Usage: worldsize figure \[NAME\] \[--svg FILE\]/);
});

describe("what cannot be: one line, exit code 2", () => {
  const cases: [string[], string][] = [
    [
      ["rign-all-reduce"],
      `There is no figure "rign-all-reduce"; the figures are ${names.join(", ")}. Did you mean ring-all-reduce?`,
    ],
    [["--svg", "x.svg"], "Which figure? Write: worldsize figure NAME --svg FILE"],
    [["count", "--svg", "nowhere/x.svg"], "The figure could not be drawn to nowhere/x.svg: "],
    [["count", "--sgv", "x.svg"], "unknown option '--sgv'. (Did you mean --svg?)"],
    [["count", "chain"], "too many arguments"],
  ];
  it.each(cases)("%j", async (args, message) => {
    const { status, out, err } = await worldsize("figure", ...args);
    expect(err).toContain(message);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect([status, out]).toEqual([2, ""]);
  });
});
