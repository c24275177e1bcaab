/** What the scripts of chapter 9 say: pools of each dtype, and tiers that change no answer. */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { llamaShape } from "../../src/models/index.ts";
import { kvBytes, kvDTypes } from "../../src/serve/index.ts";
import { runProgram } from "../helpers/jobs.ts";

const scripts = "course/part3-inference/chapter09-kv-cache/scripts";

async function shownBy(script: string, options: Record<string, unknown>) {
  const { failure, shown } = await runProgram(`${scripts}/${script}.ts`, { ranks: 1, options });
  expect(failure?.message).toBeUndefined();
  const tables = shown.flatMap(({ shown: what }) => (what.kind === "table" ? [what] : []));
  const lines = shown.flatMap(({ shown: what }) => (what.kind === "line" ? [what.text] : []));
  return { tables, lines };
}

it.each(kvDTypes)("pools in %s take what the formula says, and blocks of 64 for it", async (dtype) => {
  const { tables } = await shownBy("kv-cache-calculator", { check: true, dtype });
  const table = tables.at(-1);
  expect(table?.title).toContain(dtype);
  const pools = [
    { layers: 2, heads: 4, kvHeads: 4, headDim: 32, pages: 10, pageSize: 16 },
    { layers: 3, heads: 8, kvHeads: 2, headDim: 64, pages: 7, pageSize: 4 },
    { layers: 5, heads: 6, kvHeads: 1, headDim: 48, pages: 33, pageSize: 8 },
  ];
  const expected = pools.map(({ pages, pageSize, ...form }) => {
    const config = llamaShape({ ...form, width: form.heads * form.headDim, vocabularySize: 8, ffnWidth: 8 });
    return kvBytes(config, dtype, pages, pageSize);
  });
  expect(table?.rows.map((row) => row.allocated)).toEqual(expected);
  const byFormula = table?.rows.map((row) => row["by formula"]);
  expect(byFormula).toEqual(dtype === "int8" ? [92_160, 22_848, 137_280] : expected);
});

it.each(["host", "disk"])(
  "pages that come back from the %s change no answer, and no file is left",
  async (tier) => {
    const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("worldsize-pages-"));
    const before = new Set(folders());
    const options = { cache: "none radix", requests: 12, most: 3, pages: 16, tier };
    const { lines } = await shownBy("prefix-sharing-demo", options);
    expect(lines).toContain("All answers are the same with every cache.");
    const moved = lines.map((line) => /^(\d+) pages were evicted, (\d+) went to the \w+, (\d+) came back/.exec(line));
    const [none, radix] = moved.flatMap((found) => (found ? [found.slice(1).map(Number)] : []));
    expect(none).toEqual([0, 0, 0]);
    for (const count of radix) expect(count).toBeGreaterThan(0);
    const text = lines.join(" ");
    expect(text).toMatch(
      new RegExp(`11 pages, 720896 bytes: [\\d.]+ ms from the ${tier}; its tokens run again: [\\d.]+ ms`),
    );
    expect(folders().filter((name) => !before.has(name))).toEqual([]);
  },
  60_000,
);

it("without a tier nothing is said of one", async () => {
  const { lines } = await shownBy("prefix-sharing-demo", { cache: "radix", requests: 4, most: 2, pages: 16 });
  expect(lines.filter((line) => /came back|run again/.test(line))).toEqual([]);
});
