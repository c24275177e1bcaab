/** The course's scripts, in their quick form, show in a page what they show in Node, but for what they measure. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agreed, quickOptions, type Script, type Shown } from "../../src/script/index.ts";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";
import { openSite, type Site } from "./site.ts";

/**
 * Scripts by their names; those that ask Node about the machine, or read models from its disk, cannot run in a page.
 * That a model trains and answers there is in training.test.ts.
 */
const files = Object.fromEntries(
  readdirSync("course", { recursive: true, encoding: "utf8" })
    .filter((file) => /scripts[\\/][^\\/]+\.ts$/.test(file))
    .map((file) => join("course", file))
    .filter((file) => !/from "(node:|worldsize\/files|[^"]*\/lib\/open-model)/.test(readFileSync(file, "utf8")))
    .map((file) => [basename(file, ".ts"), file]),
);

let site: Site;

beforeAll(async () => {
  site = await openSite(files);
}, 120_000);

afterAll(() => site?.close());

/** What must agree of what each rank showed, in its order. */
function byRank(shown: readonly { rank: number; shown: Shown }[], { measured }: Script): unknown[][] {
  const all: unknown[][] = [];
  for (const { rank, shown: what } of shown) {
    const part = agreed(what, measured);
    all[rank] ??= [];
    if (part) all[rank].push(part);
  }
  return all;
}

describe.each(Object.entries(files))("%s", (name, file) => {
  it.each(cases([1, 3], 1))("shows in a page what it shows in Node, on %i ranks", async (ranks) => {
    const script = ((await import(/* @vite-ignore */ join(process.cwd(), file))) as { default: Script }).default;
    const { traced, streams } = script;
    const job = { ranks, transport: "shm", traced, streams, options: quickOptions(script) } as const;
    const here = await runProgram(file, job);
    const there = await site.run(name, job);
    expect([here.failure?.message, there.failure]).toEqual([undefined, undefined]);
    const shown = there.output.flatMap((what) => (what.type === "shown" ? [what] : []));
    expect(byRank(here.shown, script).length).toBeGreaterThan(0);
    expect(byRank(shown, script)).toEqual(byRank(here.shown, script));
  });
});
