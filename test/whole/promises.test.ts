/** What is promised about time, and nowhere else: each has three tries, since the machine may be busy. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { quickOptions, type Script } from "../../src/script/index.ts";
import { describedMachine, networkOf, ranksOf } from "../../src/sim/index.ts";
import { runProgram } from "../helpers/jobs.ts";

/** Milliseconds of the quickest of three tries; further ones are not needed once one is quick enough. */
async function quickest(enough: number, run: () => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let attempt = 0; attempt < 3 && best > enough; attempt++) {
    const start = performance.now();
    await run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

const scripts = readdirSync("course", { recursive: true, encoding: "utf8" })
  .filter((file) => /scripts[\\/][^\\/]+\.ts$/.test(file))
  .map((file) => join("course", file));

it.each(scripts)("the quick form of %s takes less than 5 s", async (file) => {
  const script = ((await import(/* @vite-ignore */ join(process.cwd(), file))) as { default: Script }).default;
  const { ranks = 4, traced, streams } = script;
  const job = { ranks, transport: "shm", traced, streams, options: quickOptions(script) } as const;
  const taken = await quickest(5000, async () => {
    const { failure } = await runProgram(file, job);
    expect(failure?.message).toBeUndefined();
  });
  expect(taken).toBeLessThan(5000);
});

it("the route of a pair among 16,384 devices takes no more than twice that of one among 16", () => {
  const [few, many] = [2, 2048].map((nodes) => {
    const machine = describedMachine("dgx-h100", nodes);
    const pairs = Array.from({ length: 1000 }, (_, i): [number, number] => [i % 8, 8 + ((5 * i) % 8)]);
    expect(ranksOf(machine)).toHaveLength(8 * nodes);
    // In the large machine, pairs that are far from each other.
    return { network: () => networkOf(machine), pairs: pairs.map(([a, b]) => [a, b + 8 * (nodes - 2)] as const) };
  });
  // Each time on a new network, which remembers nothing; the machine's own tables are built once, before.
  const time = ({ network, pairs }: typeof few): number => {
    const { route } = network();
    const start = performance.now();
    for (const [from, to] of pairs) route(from, to);
    return performance.now() - start;
  };
  let ratio = Infinity;
  for (let attempt = 0; attempt < 3 && ratio > 2; attempt++) {
    const rounds = Array.from({ length: 9 }, () => [time(many), time(few)]);
    const median = (which: number): number => rounds.map((round) => round[which]).sort((a, b) => a - b)[4];
    ratio = median(0) / median(1);
  }
  expect(ratio).toBeLessThanOrEqual(2);
});
