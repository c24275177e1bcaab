/** What the scripts of chapter 8 say: requests that share steps, and what is refused. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

const scripts = "course/part3-inference/chapter08-anatomy-of-a-server/scripts";

async function shownBy(script: string, options: Record<string, unknown>) {
  const { failure, shown } = await runProgram(`${scripts}/${script}.ts`, { ranks: 1, options });
  const tables = shown.flatMap(({ shown: what }) => (what.kind === "table" ? [what.rows] : []));
  const lines = shown.flatMap(({ shown: what }) => (what.kind === "line" ? [what.text] : []));
  return { failure, tables, lines };
}

it("requests that overlap share steps, and each hears what it hears alone", async () => {
  const { failure, lines } = await shownBy("minimal-inference-server", { requests: 4, most: 30, apart: 1 });
  expect(failure?.message).toBeUndefined();
  const drawn = lines.filter((line) => /^request \d: \d+ tokens in/.test(line)).sort();
  expect(drawn.map((line) => line.replace(/, drawn.*/, ""))).toEqual([
    "request 1: 19 tokens in, 30 out",
    "request 2: 19 tokens in, 30 out",
    "request 3: 12 tokens in, 2 out",
    "request 4: 19 tokens in, 30 out",
  ]);
  const lasted = drawn.map(
    (line) =>
      line
        .match(/ (\d+) out, drawn in steps (\d+) to (\d+)/)
        ?.slice(1)
        .map(Number) ?? [],
  );
  expect(lasted.map(([, from, to]) => to - from + 1)).toEqual(lasted.map(([out]) => out)); // a stop token is one, too
  const [, shared, steps] = lines.join("\n").match(/; (\d+) of (\d+) steps for several/) ?? [];
  expect(Number(shared)).toBeGreaterThan(10);
  expect(Number(steps)).toBeLessThan(92); // as many as tokens, if nothing were shared
  expect(lines.filter((line) => line.length > 71)).toEqual([]); // beside the rank
  const alone = await shownBy("minimal-inference-server", { requests: 1, most: 30 });
  const told = (all: readonly string[]) => all.find((line) => line.startsWith("request 1 was told"));
  expect(told(lines)).toBe(told(alone.lines));
}, 60_000);

it("a long prompt takes as many steps as the budget says", async () => {
  const options = { lengths: "1", batches: "1", budgets: "64 12", long: 40, others: 4, rounds: 1 };
  const { failure, tables } = await shownBy("prefill-and-decode", options);
  expect(failure?.message).toBeUndefined();
  expect(tables[2].map((row) => row["its steps"])).toEqual([1, 5]);
}, 60_000);

it.each([
  [{ budgets: "4" }, /a step of 4 tokens has no room beside 4 others/],
  [{ lengths: "0" }, /should be whole numbers from 1 to 1000/],
  [{ batches: "a" }, /should be whole numbers from 1 to 1000/],
])("prefill-and-decode refuses %o", async (options, message) => {
  const { failure } = await shownBy("prefill-and-decode", options);
  expect(failure?.message).toMatch(message);
});

it("a whole server has fewer than 200 lines", () => {
  expect(readFileSync(`${scripts}/minimal-inference-server.ts`, "utf8").split("\n").length).toBeLessThan(200);
});
