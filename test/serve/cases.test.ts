/** Mistakes of real servers, as small exact tests: each names what went wrong there. */
import { describe, expect, it } from "vitest";
import { HashChain, type PagePool, type PrefixCache, RadixTree, RequestError } from "../../src/serve/index.ts";
import { alone, ask, echoEngine, toIdle } from "./helpers.ts";

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
const caches: [string, (pool: PagePool) => PrefixCache][] = [
  ["chain", (pool) => new HashChain(pool)],
  ["radix", (pool) => new RadixTree(pool)],
];

describe("a request that can never fit (vllm 39734, 35541)", () => {
  it("is refused with the numbers, and the next one runs", async () => {
    const { engine } = echoEngine(7, 4, undefined, { positions: 64 });
    expect(() => ask(engine, { prompt: upTo(40), maxTokens: 2 })).toThrow(
      "The prompt has 40 tokens; with one new token, 28 fit into the 7 pages of keys and values. Send fewer.",
    );
    const small = ask(engine, { prompt: upTo(4), maxTokens: 2 });
    expect(await toIdle(engine)).toBeLessThanOrEqual(3);
    expect(small.got[0]).toEqual(alone(small).tokens);
  });

  it("is refused when it fits now and cannot end", () => {
    const { engine } = echoEngine(7, 4, undefined, { positions: 64 });
    expect(() => ask(engine, { prompt: upTo(20), maxTokens: 20 })).toThrow(
      "The prompt has 20 tokens, and max_tokens asks for 20 more; 28 fit into the 7 pages of keys and values. Ask for at most 8.",
    );
    const open = ask(engine, { prompt: upTo(20) });
    return toIdle(engine).then(() => expect([open.got[0].length, open.reasons[0]]).toEqual([8, "length"]));
  });

  it("says so of the model's positions, too", () => {
    const { engine } = echoEngine(100, 4, undefined, { positions: 16 });
    expect(() => ask(engine, { prompt: upTo(16) })).toThrow("16 fit into the model's positions");
  });
});

describe("what is wrong is refused, and harms nobody (vllm 7283, 7632)", () => {
  it.each([
    [{ prompt: [] }, "empty_prompt", "The prompt has no token"],
    [{ prompt: [1, -1] }, "invalid_token", "-1 is no token: they are 0 to 999."],
    [{ prompt: [1, 1000] }, "invalid_token", "1000 is no token"],
    [{ prompt: [1.5] }, "invalid_token", "1.5 is no token"],
    [{ prompt: [1], maxTokens: 0 }, "invalid_max_tokens", "max_tokens is 0"],
    [{ prompt: [1], choices: 0 }, "invalid_n", "n is 0"],
    [{ prompt: [1], choices: 9 }, "invalid_n", "n is 9: it is a whole number from 1 to 8."],
  ])("%j is %s", async (request, code, message) => {
    const { engine } = echoEngine(8, 4, undefined, { maxSequences: 8 });
    let thrown: unknown;
    try {
      ask(engine, request);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(RequestError);
    expect((thrown as RequestError).code).toBe(code);
    expect((thrown as RequestError).message).toContain(message);
    const good = ask(engine, { prompt: [1, 2], maxTokens: 3 });
    await toIdle(engine);
    expect(good.got[0]).toEqual(alone(good).tokens);
  });
});

describe.each(caches)("a prompt that is cached whole, %s (nano-vllm 144)", (_, cacheOf) => {
  it.each([
    [4, 8, 4],
    [4, 9, 8],
    [1, 8, 7],
    [16, 8, 0],
  ])("pages of %i, %i tokens: %i come from the cache, and at least one is run", async (pageSize, length, cached) => {
    const { engine, runner } = echoEngine(32, pageSize, cacheOf);
    const first = ask(engine, { prompt: upTo(length), maxTokens: 1 });
    await toIdle(engine);
    const before = runner.ran;
    const second = ask(engine, { prompt: upTo(length), maxTokens: 1 });
    const report = await engine.step();
    expect([report.cached, runner.ran - before]).toEqual([cached, length - cached]);
    expect(second.got).toEqual(first.got);
  });
});

describe.each(caches)("two that compute the same prefix at once, %s (mini-sglang 142)", (_, cacheOf) => {
  it("share one copy of it, and the second is not read from pages that were given away", async () => {
    const { engine, pool } = echoEngine(20, 1, cacheOf);
    const twins = [0, 1].map(() => ask(engine, { prompt: upTo(5), maxTokens: 6 }));
    await engine.step();
    engine.checkBooks();
    expect(pool.counts().shared).toBe(5); // of ten pages that were written five are free again
    expect(pool.free).toBe(20 - 5);
    const third = ask(engine, { prompt: upTo(4, 100), maxTokens: 5 });
    await toIdle(engine);
    for (const each of [...twins, third]) expect(each.got[0]).toEqual(alone(each).tokens);
  });
});

describe("aborts (ROCm/ATOM 1562, vllm 14512, mini-sglang 111)", () => {
  it.each(caches)(
    "at every step, of a prompt in parts, of one of several choices: no page is lost, %s",
    async (_, cacheOf) => {
      for (const choices of [1, 3]) {
        for (let at = 0; at < 14; at++) {
          const { engine, pool, cache } = echoEngine(24, 4, cacheOf, { maxTokens: 5, maxSequences: 4 });
          const other = ask(engine, { prompt: upTo(6, 50), maxTokens: 8 });
          const gone = ask(engine, { prompt: upTo(11), maxTokens: 5, choices });
          for (let step = 0; step < at && engine.hasWork; step++) await engine.step();
          const under = engine.hasWork ? engine.step() : undefined;
          engine.abort(gone.id); // with a step under way
          await under;
          engine.checkBooks();
          expect(gone.reasons).not.toContain(undefined); // each choice hears of its end, also those that had not begun
          expect(engine.running.every(({ order }) => order !== gone.id)).toBe(true);
          engine.abort(gone.id); // twice is no mistake
          await toIdle(engine);
          expect(other.got[0]).toEqual(alone(other).tokens);
          cache.evict(24);
          expect(pool.free).toBe(24);
        }
      }
    },
  );
});

it("a step that fails ends its requests with an error, and the next ones run", async () => {
  const { engine, runner, pool } = echoEngine(16, 4);
  const lost = ask(engine, { prompt: upTo(5), maxTokens: 4 });
  const { run } = runner;
  runner.run = () => Promise.reject(new Error("no"));
  await engine.step();
  runner.run = () => {
    throw new Error("at once");
  };
  const other = ask(engine, { prompt: upTo(5), maxTokens: 4 });
  await engine.step();
  expect([lost.reasons, other.reasons]).toEqual([["error"], ["error"]]);
  runner.run = run;
  expect(pool.free).toBe(16);
  const next = ask(engine, { prompt: upTo(5), maxTokens: 4 });
  await toIdle(engine);
  expect(next.got[0]).toEqual(alone(next).tokens);
});

it("one that waits for pages is not let in and sent out again, step by step (vllm 25538)", async () => {
  const { engine } = echoEngine(10, 4, undefined, { maxTokens: 8 });
  const asked = upTo(6).map((i) => ask(engine, { prompt: upTo(9, 10 * i), maxTokens: 14 }));
  let [still, tokens] = [0, 0];
  while (engine.hasWork) {
    await engine.step();
    engine.checkBooks();
    const now = asked.reduce((sum, { got }) => sum + got[0].length, 0);
    still = now > tokens ? 0 : still + 1;
    tokens = now;
    expect(still).toBeLessThanOrEqual(3); // a prompt of 9 takes two steps of 8
  }
  for (const each of asked) expect(each.got[0]).toEqual(alone(each).tokens);
});

it("of several that run, the one that came last makes room; a smaller priority comes first", async () => {
  const { engine } = echoEngine(6, 4);
  const late = ask(engine, { prompt: upTo(8), maxTokens: 12, priority: 1 });
  await engine.step();
  const soon = ask(engine, { prompt: upTo(8, 20), maxTokens: 12 });
  const order: string[] = [];
  while (engine.hasWork) {
    await engine.step();
    for (const [name, { reasons }] of [
      ["late", late],
      ["soon", soon],
    ] as const)
      if (reasons[0] && !order.includes(name)) order.push(name);
  }
  expect(order).toEqual(["soon", "late"]);
  for (const each of [late, soon]) expect(each.got[0]).toEqual(alone(each).tokens);
});

it("the choices of a request share the pages of its prompt", async () => {
  const { engine, pool } = echoEngine(32, 4);
  const asked = ask(engine, { prompt: upTo(10), maxTokens: 3, choices: 3 });
  await engine.step(); // the prompt: three pages, for all three
  expect(pool.free).toBe(32 - 3);
  await engine.step(); // each writes into a copy of the last page, but one of them
  engine.checkBooks();
  expect(pool.free).toBe(32 - 5);
  await toIdle(engine);
  for (const choice of [0, 1, 2]) expect(asked.got[choice]).toEqual(alone(asked, choice).tokens);
});

it("two steps at once are refused", async () => {
  const { engine } = echoEngine(8, 4);
  const asked = ask(engine, { prompt: upTo(3), maxTokens: 2 });
  const first = engine.step();
  await expect(engine.step()).rejects.toThrow("A step of this engine is in flight: await it before the next one.");
  await first;
  await toIdle(engine);
  expect(asked.got[0]).toEqual(alone(asked).tokens);
});

describe.each(caches)("the cache's books, %s", (_, cacheOf) => {
  it("a match of a part of a branch holds that part alone (bytedance-iaas/sglang 508)", async () => {
    const { engine, pool, cache } = echoEngine(24, 4, cacheOf);
    ask(engine, { prompt: upTo(33), maxTokens: 1 });
    await toIdle(engine);
    expect(pool.counts().idle).toBe(8);
    const part = ask(engine, { prompt: upTo(9), maxTokens: 3 });
    await engine.step();
    expect(pool.counts()).toMatchObject({ shared: 2, idle: 6 });
    expect(cache.evict(24)).toBe(6);
    engine.checkBooks();
    await toIdle(engine);
    expect(part.got[0]).toEqual(alone(part).tokens);
  });

  it("what can be evicted is counted once, however many hold it (sglang 35270, mini-sglang 44, 46, 80)", async () => {
    const { engine, pool, cache } = echoEngine(40, 4, cacheOf);
    for (let round = 0; round < 3; round++) {
      const asked = [0, 1, 2].map((i) => ask(engine, { prompt: [...upTo(12), 90 + i], maxTokens: 4, choices: 2 }));
      await engine.step();
      if (round === 1) engine.abort(asked[1].id);
      await toIdle(engine);
      expect(pool.available).toBe(40);
      expect([...cache.pages()].length).toBe(pool.counts().idle);
    }
    const { idle } = pool.counts();
    expect(cache.evict(40)).toBe(idle);
    expect(pool.counts()).toEqual({ free: 40, idle: 0, shared: 0, own: 0 });
  });
});

it("pages are counted, not tokens, when a page has several (sglang 7397, 6046)", async () => {
  const { engine } = echoEngine(4, 16);
  // 17 tokens are two pages each: two requests fit, though three have fewer tokens than the pool has slots.
  const asked = upTo(4).map((i) => ask(engine, { prompt: upTo(17, 20 * i), maxTokens: 2 }));
  await engine.step();
  engine.checkBooks();
  expect([engine.running.length, engine.waiting.length]).toEqual([2, 2]);
  await toIdle(engine);
  for (const each of asked) expect(each.got[0]).toEqual(alone(each).tokens);
});

it("an idle step runs nothing, and counters say what was done", async () => {
  const { engine, runner } = echoEngine(16, 4, (pool) => new RadixTree(pool));
  runner.run = () => Promise.reject(new Error("there is nothing to run"));
  await engine.step();
  Reflect.deleteProperty(runner, "run");
  for (let time = 0; time < 2; time++) {
    ask(engine, { prompt: upTo(9), maxTokens: 3 });
    await toIdle(engine);
  }
  expect(engine.stats).toMatchObject({
    steps: 1 + 3 + 3,
    promptTokens: 9 + 1,
    cachedTokens: 8,
    generatedTokens: 6,
    preemptions: 0,
    evictions: 0,
    running: 0,
    waiting: 0,
  });
});

it("a prompt that is run in chunks is there for others chunk by chunk: what two share is run once", async () => {
  const { engine, runner } = echoEngine(64, 4, (pool) => new RadixTree(pool), { maxTokens: 16 });
  const shared = Array.from({ length: 64 }, (_, i) => 7 * i);
  const both = [1, 2].map((own) => ask(engine, { prompt: [...shared, own, own + 10], maxTokens: 1 }));
  await toIdle(engine);
  for (const each of both) expect(each.got[0]).toEqual(alone(each).tokens);
  expect(runner.ran).toBe(64 + 2 + 2);
});
