/** The engine with the echo-KV model: whatever arrives, goes and is short, each request gets what it would get alone. */
import { expect, it } from "vitest";
import { mulberry32 } from "../../src/platform/random.ts";
import { HashChain, noCache, type PagePool, type PrefixCache, RadixTree } from "../../src/serve/index.ts";
import { isLong } from "../helpers/long.ts";
import { type Asked, alone, ask, echoEngine } from "./helpers.ts";

const caches: Record<string, (pool: PagePool) => PrefixCache> = {
  "no cache": () => noCache,
  "a chain of hashes": (pool) => new HashChain(pool),
  "a radix tree": (pool) => new RadixTree(pool),
  "a chain whose hashes collide": (pool) => new HashChain(pool, () => 7),
};

const grid = Object.keys(caches).flatMap((cache) => [1, 4, 16].map((pageSize) => [cache, pageSize] as const));

it.each(grid)("%s, pages of %i: a batch gives what one at a time gives", async (kind, pageSize) => {
  const seeds = isLong ? 300 : 12;
  let [preempted, cached, aborted] = [0, 0, 0];
  for (let seed = 0; seed < seeds; seed++) {
    const random = mulberry32(seed);
    const below = (n: number): number => Math.floor(random() * n);
    const pages = Math.ceil((30 + below(90)) / pageSize) + 1;
    const limits = { maxTokens: 1 + below(40), maxSequences: 4 + below(8) };
    const { engine, pool, cache } = echoEngine(pages, pageSize, caches[kind], limits);
    const slots = pages * pageSize;
    const stems = Array.from({ length: 3 }, () => Array.from({ length: 1 + below(20) }, () => below(50)));
    const asked: Asked[] = [];
    const gone = new Set<number>();
    for (let step = 0; step < 10_000 && (asked.length < 25 || engine.hasWork); step++) {
      if (asked.length < 25 && random() < 0.5) {
        const prompt = [...stems[below(3)], ...Array.from({ length: below(8) }, () => below(50))].slice(0, slots - 2);
        const maxTokens = 1 + below(Math.min(20, slots - prompt.length - 1));
        const choices = random() < 0.2 ? 1 + below(3) : 1;
        const stopTokens = new Set(random() < 0.3 ? Array.from({ length: 100 }, () => below(1000)) : []);
        const stopAfter = random() < 0.2 ? 1 + below(5) : Infinity;
        asked.push(ask(engine, { prompt, maxTokens, choices, stopTokens, priority: below(2) }, stopAfter));
      }
      if (asked.length > 0 && random() < 0.03) {
        const { id } = asked[below(asked.length)];
        engine.abort(id);
        gone.add(id);
      }
      const report = await engine.step();
      preempted += report.preempted;
      cached += report.cached;
      engine.checkBooks();
    }
    expect(engine.hasWork, `seed ${seed}`).toBe(false);
    for (const each of asked) {
      for (const [choice, tokens] of each.got.entries()) {
        const { tokens: wanted, reason } = alone(each, choice);
        const which = `seed ${seed}, request ${each.id}, choice ${choice}`;
        if (each.reasons[choice] === "abort" || (gone.has(each.id) && each.reasons[choice] === undefined)) {
          aborted++;
          expect(wanted.slice(0, tokens.length), which).toEqual(tokens);
        } else expect([tokens, each.reasons[choice]], which).toEqual([wanted, reason]);
      }
    }
    expect(pool.available).toBe(pages);
    cache.evict(pages);
    expect(pool.free).toBe(pages);
  }
  // What is to be shown did happen.
  expect(preempted).toBeGreaterThan(0);
  expect(aborted).toBeGreaterThan(0);
  if (kind !== "no cache") expect(cached).toBeGreaterThan(0);
});
