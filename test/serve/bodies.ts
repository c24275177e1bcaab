/** Engines that have to pass the one suite: over the echo-KV model, with each cache, and with tiers of memory below. */
import { expect } from "vitest";
import {
  Engine,
  HashChain,
  HostPages,
  noCache,
  PagePool,
  type PageStore,
  type PrefixCache,
  RadixTree,
} from "../../src/serve/index.ts";
import type { EngineSetting, EngineTraits, MadeEngine, MakeEngine } from "./conformance.ts";
import { EchoRunner } from "./echo.ts";

type CacheOf = (pool: PagePool) => PrefixCache;

function making(cacheOf: CacheOf, storeOf?: (pageSize: number) => PageStore) {
  return ({ pages, pageSize, limits }: EngineSetting): MadeEngine => {
    const pool = new PagePool(pages, pageSize);
    const cache = cacheOf(pool);
    const runner = new EchoRunner(pages, pageSize);
    return { engine: new Engine({ runner, pool, cache, store: storeOf?.(pageSize), ...limits }), pool, cache, runner };
  };
}

const radix: CacheOf = (pool) => new RadixTree(pool);
const chain: CacheOf = (pool) => new HashChain(pool);
const seven = (): number => 7;

/** Gives pages late, and loses some. */
class LatePages implements PageStore {
  readonly #pages: HostPages;
  #asked = 0;

  constructor(pageSize: number) {
    this.#pages = new HostPages(pageSize, 1 << 12);
  }

  find(tokens: readonly number[], from: number, most: number): number {
    return this.#pages.find(tokens, from, most);
  }

  put(tokens: readonly number[], bytes: Uint8Array): void {
    this.#pages.put(tokens, bytes);
  }

  async get(tokens: readonly number[], page: number): Promise<Uint8Array | undefined> {
    const asked = ++this.#asked;
    for (let turn = 0; turn < (asked * 7) % 40; turn++) await undefined;
    if (asked % 11 === 0) throw new Error("the store has failed");
    if (asked % 7 === 0) return new Uint8Array(1); // cut short
    return asked % 5 === 0 ? undefined : this.#pages.get(tokens, page);
  }
}

const moved = (engines: readonly Engine[]): void => {
  expect(engines.some(({ stats }) => stats.savedPages > 0)).toBe(true);
  expect(engines.some(({ stats }) => stats.loadedPages > 0)).toBe(true);
};

const tiers = { passes: true, happened: moved };

/** Each by its name. */
export const bodies: readonly (readonly [name: string, make: MakeEngine, traits?: EngineTraits])[] = [
  ["no cache", making(() => noCache), { finds: false }],
  ["a chain of hashes", making(chain)],
  ["a radix tree", making(radix)],
  ["a chain whose hashes collide", making((pool) => new HashChain(pool, seven))],
  ["a radix tree whose hashes collide", making((pool) => new RadixTree(pool, seven))],
  ["a radix tree over the host's memory", making(radix, (pageSize) => new HostPages(pageSize, 1 << 20)), tiers],
  [
    "a chain over little memory of the host, whose hashes collide, over a tier that is late and loses pages",
    making(chain, (pageSize) => new HostPages(pageSize, 200, new LatePages(pageSize), seven)),
    tiers,
  ],
];
