/** Tiers of memory below the device: what goes down comes up as it was, or not at all. */
import { afterAll, describe, expect, it } from "vitest";
import { Decoder } from "../../src/models/index.ts";
import {
  Engine,
  HostPages,
  ModelRunner,
  PageIndex,
  PagePool,
  type PageStore,
  RadixTree,
} from "../../src/serve/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";
import { EchoRunner } from "./echo.ts";
import { alone, ask, toIdle } from "./helpers.ts";

afterAll(closeDevices);

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

function tiered(pages: number, store: PageStore, more: { maxTokens?: number } = {}) {
  const pool = new PagePool(pages, 4);
  const runner = new EchoRunner(pages, 4);
  return { engine: new Engine({ runner, pool, cache: new RadixTree(pool), store, ...more }), pool, runner };
}

/** A store whose pages come when the test says so. */
class Gate implements PageStore {
  readonly pages = new HostPages(4, 1 << 20);
  open: (() => void) | undefined;
  readonly #opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
  find(tokens: readonly number[], from: number, most: number): number {
    return this.pages.find(tokens, from, most);
  }
  put(tokens: readonly number[], bytes: Uint8Array): void {
    this.pages.put(tokens, bytes);
  }
  async get(tokens: readonly number[], page: number): Promise<Uint8Array | undefined> {
    await this.#opened;
    return this.pages.get(tokens, page);
  }
}

/** Leaves a prompt's pages in the store alone. */
async function pushDown(engine: Engine): Promise<void> {
  ask(engine, { prompt: upTo(13), maxTokens: 2 });
  await toIdle(engine);
  ask(engine, { prompt: upTo(30, 100), maxTokens: 2 });
  await toIdle(engine);
}

describe("an engine over a store", () => {
  it("takes a prefix from there that the device has no more", async () => {
    const { engine, runner } = tiered(8, new HostPages(4, 1 << 20));
    await pushDown(engine);
    expect(engine.stats.savedPages).toBeGreaterThanOrEqual(3);
    const before = runner.ran;
    const again = ask(engine, { prompt: upTo(13), maxTokens: 2 });
    await toIdle(engine);
    expect([engine.stats.loadedPages, engine.stats.cachedTokens, runner.ran - before]).toEqual([3, 12, 2]);
    expect(again.got[0]).toEqual(alone(again).tokens);
  });

  it("lets others run while pages are on their way", async () => {
    const gate = new Gate();
    const { engine, pool } = tiered(8, gate);
    await pushDown(engine);
    const waits = ask(engine, { prompt: upTo(13), maxTokens: 2 });
    const under = engine.step(); // has nothing else to do
    const other = ask(engine, { prompt: [7, 8], maxTokens: 3 });
    await under;
    for (let step = 0; step < 3; step++) {
      await engine.step();
      engine.checkBooks();
    }
    expect([other.reasons, waits.reasons]).toEqual([["length"], [undefined]]);
    expect(pool.available).toBe(8 - 3);
    gate.open?.();
    await toIdle(engine);
    for (const each of [waits, other]) expect(each.got[0]).toEqual(alone(each).tokens);
  });

  it("frees the pages of a load when it has ended, and no sooner (sglang 24527, 35049)", async () => {
    const gate = new Gate();
    const { engine, pool } = tiered(8, gate);
    await pushDown(engine);
    const gone = ask(engine, { prompt: upTo(13), maxTokens: 2 });
    const under = engine.step();
    engine.abort(gone.id);
    await under;
    engine.checkBooks();
    expect([gone.reasons, pool.available, engine.hasWork]).toEqual([["abort"], 8 - 3, true]);
    const other = ask(engine, { prompt: upTo(14, 50), maxTokens: 4 });
    await engine.step();
    gate.open?.();
    await toIdle(engine);
    expect(other.got[0]).toEqual(alone(other).tokens);
    expect(pool.available).toBe(8);
  });

  it("computes what the store has lost", async () => {
    const pages = new HostPages(4, 1 << 20);
    let asked = 0;
    const { engine } = tiered(8, {
      find: (...of) => pages.find(...of),
      put: (...of) => pages.put(...of),
      get: async (...of) => (asked++ < 1 ? pages.get(...of) : undefined),
    });
    await pushDown(engine);
    const again = ask(engine, { prompt: upTo(13), maxTokens: 2 });
    await toIdle(engine);
    expect([engine.stats.loadedPages, engine.stats.cachedTokens]).toEqual([1, 4]);
    expect(again.got[0]).toEqual(alone(again).tokens);
  });

  it("moves no more pages in a step than it should", async () => {
    const moves: number[] = [];
    const pool = new PagePool(200, 1);
    const runner = new EchoRunner(200, 1);
    const { memory } = runner;
    const counted = {
      pageBytes: memory.pageBytes,
      readPages: (pages: readonly number[]) => {
        moves.push(pages.length);
        return memory.readPages(pages);
      },
      writePages: (pages: readonly number[], bytes: readonly Uint8Array[]) => {
        moves.push(pages.length);
        memory.writePages(pages, bytes);
      },
    };
    const store = new HostPages(1, 1 << 20);
    const engine = new Engine({
      runner: { positions: 1000, vocabularySize: 1000, memory: counted, run: (batch) => runner.run(batch) },
      pool,
      cache: new RadixTree(pool),
      store,
    });
    for (const from of [0, 300, 0]) {
      const asked = ask(engine, { prompt: upTo(150, from), maxTokens: 1 });
      await toIdle(engine);
      expect(asked.got[0]).toEqual(alone(asked).tokens);
    }
    expect(moves.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...moves)).toBe(64);
  });

  it("needs a runner whose pages can be moved", () => {
    const runner = { positions: 10, vocabularySize: 10, run: async () => [] };
    expect(() => new Engine({ runner, pool: new PagePool(2, 4), store: new HostPages(4, 100) })).toThrow(
      "Pages cannot go to a store: this runner has no memory that they could be read from.",
    );
  });
});

describe("the host's memory as a store", () => {
  const bytes = (value: number): Uint8Array => new Uint8Array(10).fill(value);

  it("keeps so many bytes, and hands what was used the longest time ago to the tier below", async () => {
    const below = new HostPages(2, 1000);
    const host = new HostPages(2, 30, below);
    for (let i = 0; i < 3; i++) host.put([i, i], bytes(i));
    await host.get([0, 0], 0);
    host.put([3, 3], bytes(3));
    expect([host.bytes, below.bytes, below.find([1, 1], 0, 1)]).toEqual([30, 10, 1]);
    for (let i = 0; i < 4; i++) expect(await host.get([i, i], 0)).toEqual(bytes(i));
    host.put([3, 3], bytes(9)); // the same once more
    expect([host.bytes, await host.get([3, 3], 0)]).toEqual([30, bytes(9)]);
    expect(new HostPages(2, 5).find([1, 1], 0, 1)).toBe(0);
  });

  it("finds runs of pages over both tiers", () => {
    const below = new HostPages(1, 1000);
    const host = new HostPages(1, 1000, below);
    for (const end of [1, 2, 5]) host.put(upTo(end), bytes(end));
    for (const end of [3, 4, 6]) below.put(upTo(end), bytes(end));
    expect(host.find(upTo(9), 0, 9)).toBe(6);
    expect(host.find(upTo(9), 2, 9)).toBe(4);
    expect(host.find(upTo(9), 1, 3)).toBe(3);
    expect(host.find([0, 9], 0, 2)).toBe(1);
    expect(host.find(upTo(9), 6, 3)).toBe(0);
  });
});

it("prefixes whose hashes collide are told apart by their tokens (vllm 12621, openvino.genai 3722)", () => {
  const index = new PageIndex<string>(2, () => 7);
  index.set([1, 2], "a");
  index.set([3, 4], "b");
  index.set([1, 2, 3, 4], "c");
  expect([index.get([1, 2], 0), index.get([3, 4], 0), index.get([1, 2, 3, 4], 1)]).toEqual(["a", "b", "c"]);
  expect([index.find([5, 6], 0, 1), index.get([3, 4, 1, 2], 1)]).toEqual([0, undefined]);
  expect(index.delete([1, 2])).toBe("a");
  expect([index.find([1, 2, 3, 4], 0, 2), index.find([1, 2, 3, 4], 1, 1), index.size]).toEqual([0, 1, 2]);
  expect(index.takeOldest()).toEqual({ tokens: [3, 4], value: "b" });
  expect(index.takeOldest()).toEqual({ tokens: [1, 2, 3, 4], value: "c" });
  expect([index.takeOldest(), index.size]).toEqual([undefined, 0]);
});

it("a model's pages go down and come up bit for bit", async () => {
  const device = await makeTensorDevice(11);
  const model = new Decoder(device, forms.llama);
  const prompt = Array.from({ length: 13 }, (_, i) => (7 * i * i + 3 * i) % forms.llama.vocabularySize);
  const other = prompt.map((token) => (token + 1) % forms.llama.vocabularySize);
  const pool = new PagePool(6, 4);
  const runner = new ModelRunner(model, 6, 4);
  const engine = new Engine({ runner, pool, cache: new RadixTree(pool), store: new HostPages(4, 1 << 24) });
  const results = [];
  for (const each of [prompt, other, prompt]) {
    const asked = ask(engine, { prompt: each, maxTokens: 6, sampling: { logprobs: 1 } });
    await toIdle(engine);
    results.push(asked.got);
  }
  expect(engine.stats.loadedPages).toBe(2); // the first of three is on the device still
  expect(results[2]).toEqual(results[0]);
  const before = await runner.memory.readPages([1, 4]);
  runner.memory.writePages([4, 1], before);
  expect(await runner.memory.readPages([4, 1])).toEqual(before);
  expect(before[0]).not.toEqual(before[1]);
  expect(before[0].length * 6).toBe(runner.kv.bytes);
  runner.dispose();
});
