/** The model that ships tells its story in a page, from files that the page has fetched: word by word what Node tells. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Shown } from "../../src/script/index.ts";
import { runProgram } from "../helpers/jobs.ts";
import { openSite, type Site } from "./site.ts";

const file = "test/programs/tell-from-memory.ts";
const served = "test/programs/serve-in-memory.ts";
let site: Site;

beforeAll(async () => {
  site = await openSite({ "tell-from-memory": file, "serve-in-memory": served });
}, 120_000);

afterAll(() => site?.close());

const textOf = (shown: readonly Shown[]): string =>
  shown.flatMap((each) => (each.kind === "write" ? [each.text] : [])).join("");

const part = (name: string): string =>
  readFileSync(new URL(`../../course/model-room/models/storyteller/${name}`, import.meta.url), "base64");
const options = {
  config: part("config.json"),
  weights: part("model.safetensors"),
  tokenizer: part("tokenizer.json"),
};
const job = { ranks: 1, transport: "shm", options } as const;

it("in a headless browser", { timeout: 120_000 }, async () => {
  const here = await runProgram(file, job);
  const there = await site.run("tell-from-memory", job);
  expect([here.failure?.message, there.failure]).toEqual([undefined, undefined]);
  const told = textOf(here.shown.map(({ shown }) => shown));
  const pieces = there.output.flatMap((what) => (what.type === "shown" ? [what.shown] : []));
  expect(told).toMatch(/\bMia\b.*\bfox\b|\bfox\b.*\bMia\b/);
  expect(told.length).toBeGreaterThan(200);
  expect(textOf(pieces)).toBe(told);
  expect(pieces.length).toBeGreaterThan(30); // it came piece by piece
});

it("the engine answers three questions at once there, as it does here", { timeout: 120_000 }, async () => {
  const here = await runProgram(served, job);
  const there = await site.run("serve-in-memory", job);
  expect([here.failure?.message, there.failure]).toEqual([undefined, undefined]);
  const lines = (shown: readonly Shown[]): string[] =>
    shown.flatMap((each) => (each.kind === "line" ? [each.text] : []));
  const told = lines(here.shown.map(({ shown }) => shown));
  expect(told).toHaveLength(3);
  for (const [i, name] of ["Mia", "Ben", "Tom"].entries()) expect(told[i]).toContain(name);
  expect(lines(there.output.flatMap((what) => (what.type === "shown" ? [what.shown] : [])))).toEqual(told);
});
