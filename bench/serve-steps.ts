/**
 * The ranks' side of `worldsize bench schedule`: the host's part of an engine's steps, with a runner that does nothing but
 * give tokens. 256 sequences decode, two of which end and are followed by others in each step, and 10,000 prefixes are cached.
 */
import { defineScript, number } from "worldsize";
import { Engine, type EngineRequest, PagePool, RadixTree, type Runner } from "worldsize/serve";

const PAGE_SIZE = 16;
const SEQUENCES = 256;
/** New tokens of a request: so many that two of 256 end in a step. */
const NEW_TOKENS = 128;
const PREFIX = 512;
const VOCABULARY = 32_000;

/** Tokens of a cached prefix. The first pages of a few are alike, as those of chats with one system message. */
function prefix(number: number): number[] {
  return Array.from({ length: PREFIX }, (_, i) => (i < 64 ? number % 100 : 7919 * number + 31 * i) % VOCABULARY);
}

const token = [{ token: 1 }];
const runner: Runner = {
  positions: 1 << 20,
  vocabularySize: VOCABULARY,
  run: async ({ rows }) => rows.map(({ draws }) => (draws.length > 0 ? token : [])),
};

export default defineScript({
  about: "Times the host's part of an engine's steps: 256 sequences, 10,000 cached prefixes of 512 tokens.",
  ranks: 1,
  options: {
    steps: number(2000, "steps that are timed, after as many as fill the pages"),
    prefixes: number(10_000, "prefixes in the cache"),
  },
  async main({ options: { steps, prefixes }, show, now }) {
    const pages = prefixes * (PREFIX / PAGE_SIZE) + SEQUENCES * 12;
    const pool = new PagePool(pages, PAGE_SIZE);
    const cache = new RadixTree(pool);
    for (let i = 0; i < prefixes; i++) {
      const tokens = prefix(i);
      const own = tokens.filter((_, at) => at % PAGE_SIZE === 0).map(() => pool.take());
      cache.keep(tokens, own);
      for (const page of own) pool.release(page);
    }
    const engine = new Engine({ runner, pool, cache, maxTokens: 2048, maxSequences: SEQUENCES });
    let asked = 0;
    const events: EngineRequest["events"] = { onToken: () => true, onFinish: () => add() };
    const add = (maxTokens = NEW_TOKENS): void => {
      const number = asked++;
      const own = Array.from({ length: PAGE_SIZE }, (_, i) => (number * 613 + i * 17) % VOCABULARY);
      engine.add({ prompt: [...prefix((number * 37) % prefixes), ...own], maxTokens, events });
    };
    // The first ones are of all ages, so that they end one after the other.
    for (let i = 0; i < SEQUENCES; i++) add(1 + Math.floor((i * NEW_TOKENS) / SEQUENCES));
    while (engine.stats.evictions === 0) await engine.step();
    for (let step = 0; step < NEW_TOKENS; step++) await engine.step();
    const before = engine.stats;
    const times: number[] = [];
    for (let step = 0; step < steps; step++) {
      const start = now();
      await engine.step();
      times.push(now() - start);
    }
    times.sort((a, b) => a - b);
    const sum = times.reduce((all, time) => all + time, 0);
    const after = engine.stats;
    show.row({
      mean: sum / steps,
      median: times[Math.floor(steps / 2)],
      p99: times[Math.floor(steps * 0.99)],
      generated: (after.generatedTokens - before.generatedTokens) / steps,
      cached: (after.cachedTokens - before.cachedTokens) / steps,
      evicted: (after.evictions - before.evictions) / steps,
    });
  },
});
