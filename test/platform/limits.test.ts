// Numbers beyond what a system call, a timer, a kernel or 53 bits hold.
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { seed } from "../../src/cli/program-flags.ts";
import { part } from "../../src/platform/node/wire.ts";
import { mulberry32, rankSeed } from "../../src/platform/random.ts";
import { runProgram } from "../helpers/jobs.ts";

it("bytes are cut into what one system call takes, and nothing is left out", () => {
  const bytes = new Uint8Array(23).map((_, i) => i);
  for (const most of [1, 7, 22, 23, 24]) {
    const seen: number[] = [];
    for (let from = 0; from < bytes.length; ) {
      const piece = part(bytes, from, most);
      expect(piece.length).toBeLessThanOrEqual(most);
      seen.push(...piece);
      from += piece.length;
    }
    expect(seen).toEqual([...bytes]);
  }
});

it("every bit of a seed counts, and ranks never draw alike", () => {
  const texts = ["0", "1", "-1", "4294967296", "4294967297", "1764142800123", "9007199254740991"];
  texts.push("1764142800123456789", "1764142800123456790", "-1764142800123456789", `1${"0".repeat(60)}`);
  const first = new Map<number, string>();
  for (const text of texts) {
    for (const rank of [0, 1, 2, 3, 7]) {
      const drawn = mulberry32(rankSeed(seed(text), rank))();
      expect(first.get(drawn), `seed ${text}, rank ${rank}`).toBeUndefined();
      first.set(drawn, `${text} ${rank}`);
    }
  }
  expect(seed("12345")).toBe(12345);
  expect(() => seed("1e3")).toThrow('"1e3" is not a whole number.');
});

it("a time stamp in nanoseconds is a seed like any other", () => {
  const args = ["bin/worldsize.mjs", "run", "test/programs/limits.ts", "-n", "3", "--seed"];
  const drawn = ["1764142800123456789", "1764142800123456790"].map(
    (text) => spawnSync(process.execPath, [...args, text], { encoding: "utf8" }).stdout,
  );
  const numbers = drawn.flatMap((text) => text.match(/│ 0\.\d+$/gm) ?? []);
  expect(new Set(numbers).size).toBe(6);
});

it.each(["local", "shm"] as const)("what would not fit is refused, over %s", async (transport) => {
  const { failure, shown } = await runProgram("test/programs/limits.ts", { ranks: 1, transport });
  expect(failure?.message).toBeUndefined();
  const lines = shown.flatMap(({ shown: what }) => (what.kind === "line" ? [what.text] : []));
  expect(lines.slice(1)).toEqual([
    "A tensor has at most 2147483647 elements, because kernels count in 31 bits; [2147483648] has more.",
    "A seed is a whole number below 2^53, but this one is 0.5.",
    "A seed is a whole number below 2^53, but this one is 9007199254740992.",
    "A seed is a whole number below 2^53, but this one is NaN.",
    "asleep",
  ]);
});
