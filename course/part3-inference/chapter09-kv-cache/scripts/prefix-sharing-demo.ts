// Requests with one system prompt, through the engine with and without a cache of prefixes: what is found, what is run, what is held.
import { type Context, choice, defineScript, number, string } from "worldsize";
import { chatSpecials, type Decoder, encodeChat, type Tokenizer } from "worldsize/models";
import { Engine, HashChain, ModelRunner, noCache, PagePool, type PrefixCache, RadixTree } from "worldsize/serve";
import { openModel } from "../../../model-room/lib/open-model.ts";
import { foundByHand } from "../lib/by-hand.ts";
import { openTier, type TierName, tierNames, timeWaysBack, type WaysBack } from "../lib/tier.ts";
import { treeLines } from "../lib/tree-text.ts";

const SYSTEM =
  "You tell short stories for small children. Every story has a name for each of its animals, a place, and a thing " +
  "that is lost and found again. Nobody is hurt, and nobody is left alone in the end. Use short words and short lines. " +
  "Begin with the animal and the place. Then something is lost. Two friends look for it, under the tree, in the garden, " +
  "and at the pond. One of them finds it. In the end all go home and are happy. ";
const names = [
  "Mia the fox",
  "Ben the bear",
  "Lily the cat",
  "Tom the dog",
  "Anna the owl",
  "Max the frog",
  "Zoe the hen",
];
const things = [
  "a red ball",
  "a blue hat",
  "a green kite",
  "a small key",
  "a big drum",
  "a yellow cup",
  "a white boat",
];

const caches = {
  none: () => noCache,
  chain: (pool: PagePool) => new HashChain(pool),
  radix: (pool: PagePool) => new RadixTree(pool),
} as const;
type CacheName = keyof typeof caches;

export default defineScript({
  about: "Serves requests that share a system prompt, with and without a cache of prefixes.",
  ranks: 1,
  options: {
    cache: string("none radix", "which of none, chain and radix"),
    requests: number(100, "requests with one system prompt", { min: 1, max: 1000, integer: true }),
    pageSize: number(16, "tokens of a page", { min: 1, max: 256, integer: true }),
    pages: number(undefined, "pages of the pool (default: room for all requests at once)", {
      ...{ min: 1, max: 1e6, integer: true },
    }),
    tier: choice("none", tierNames, "where pages go when they are given up"),
    tierRoom: number(16, "MB of that tier", { min: 1, max: 4096 }),
    budget: number(32_768, "most tokens of a step", { min: 1, max: 1e6, integer: true }),
    most: number(4, "new tokens of each request", { min: 1, max: 64, integer: true }),
    shown: number(5, "children of a node that the tree is drawn with", { min: 1, max: 100, integer: true }),
    model: string("storyteller", "the storyteller, or a folder with a model"),
  },
  quick: { options: { requests: 4, most: 2 } },
  measured: ["(ms)"],
  check({ cache }) {
    const unknown = cache.split(/\s+/).find((name) => name !== "" && !(name in caches));
    return unknown === undefined
      ? undefined
      : `--cache: there is no "${unknown}". Choose of ${Object.keys(caches).join(", ")}.`;
  },
  async main({ world, device, options, show, now }) {
    if (world.rank > 0) return;
    const { model, tokenizer } = await openModel(device, options.model);
    const prompts = promptsOf(options.requests, tokenizer);
    const system = tokenizer.encode(SYSTEM).length;
    const total = prompts.reduce((sum, { length }) => sum + length, 0);
    show.line(`${prompts.length} requests, ${total} tokens of prompts; the system prompt has ${system} of each`);
    const texts = new Map<CacheName, string>();
    for (const name of options.cache.split(/\s+/).filter(Boolean) as CacheName[]) {
      const served = await Served.of(name, model, prompts, options, now);
      show.table(
        served.rows,
        `cache: ${name}, ${options.pageSize} ${options.pageSize === 1 ? "token" : "tokens"} per page; TTFT is the median`,
      );
      const { free, idle, shared, own } = served.pool.counts();
      show.line(`After the last: ${free} pages free, ${idle} idle, ${shared} shared, ${own} a sequence's own.`);
      const { evictions, savedPages, loadedPages } = served.engine.stats;
      const moved =
        options.tier === "none" ? "" : `, ${savedPages} went to the ${options.tier}, ${loadedPages} came back`;
      if (options.pages !== undefined) show.line(`${evictions} pages were evicted${moved}.`);
      else show.line("What was run is what no earlier request has in whole pages, counted by hand.");
      if (served.ways) showWays(show, served.ways, options.tier);
      texts.set(name, served.text);
      if (served.cache instanceof RadixTree) {
        show.line("The tree: pages of each run of tokens, and how its text begins and ends");
        const words = (tokens: readonly number[]): string => tokenizer.decode([...tokens]);
        for (const line of treeLines(served.cache.root, { words, width: 68, most: options.shown })) show.line(line);
      }
    }
    if (new Set(texts.values()).size > 1) throw new Error("A cache has changed what the model says.");
    if (texts.size > 1) show.line("All answers are the same with every cache.");
    model.dispose();
  },
});

/** Chats that begin with the system prompt, each with a question of its own. */
function promptsOf(count: number, tokenizer: Tokenizer): number[][] {
  return Array.from({ length: count }, (_, i) => {
    const [name, thing] = [names[i % names.length], things[Math.floor(i / names.length) % things.length]];
    const content = `${SYSTEM}Story ${i + 1}: ${name} and ${thing}.`;
    return encodeChat(tokenizer, [{ role: "user", content }], chatSpecials, { addGenerationPrompt: true });
  });
}

/** A prefix's way back from a tier, beside running it again. */
function showWays(show: Context["show"], { pages, bytes, copied, run }: WaysBack, tier: TierName): void {
  const rate = (bytes / 1e6 / (run / 1e3)).toFixed(0);
  show.line(`One prompt's ${pages} pages, ${bytes} bytes: ${copied.toFixed(2)} ms from the ${tier};`);
  show.line(`its tokens run again: ${run.toFixed(2)} ms. Whatever reads faster than ${rate} MB/s pays.`);
}

interface Limits {
  readonly pages: number | undefined;
  readonly tier: TierName;
  readonly tierRoom: number;
  readonly budget: number;
  readonly pageSize: number;
  readonly most: number;
}

/** An engine that has served all prompts twice: one after the other, and then all at once. */
class Served {
  readonly cache: PrefixCache;
  readonly rows: Record<string, string | number>[] = [];
  /** All new tokens of all requests. */
  text = "";
  /** Of the tier, if there is one. */
  ways: WaysBack | undefined;
  readonly engine: Engine;
  readonly pool: PagePool;
  readonly #now: () => number;
  readonly #most: number;
  readonly #counted: boolean;

  private constructor(engine: Engine, pool: PagePool, cache: PrefixCache, now: () => number, limits: Limits) {
    [this.engine, this.pool, this.cache, this.#now] = [engine, pool, cache, now];
    this.#most = limits.most;
    this.#counted = limits.pages === undefined; // with fewer pages some are given up, and run again
  }

  static async of(
    name: CacheName,
    model: Decoder,
    prompts: readonly number[][],
    limits: Limits,
    now: () => number,
  ): Promise<Served> {
    const { budget, pageSize, most } = limits;
    const needed = prompts.map(({ length }) => Math.ceil((length + most) / pageSize));
    const pages = limits.pages ?? needed.reduce((sum, each) => sum + each, 0);
    if (pages < Math.max(...needed))
      throw new RangeError(`--pages ${pages}: one request needs ${Math.max(...needed)} of ${pageSize} tokens.`);
    const pool = new PagePool(pages, pageSize);
    const cache = caches[name](pool);
    const runner = new ModelRunner(model, pages, pageSize);
    const tier = await openTier(limits.tier, { pageSize, pageBytes: runner.kv.pageBytes, most: limits.tierRoom * 1e6 });
    try {
      const engine = new Engine({ runner, pool, cache, store: tier.store, maxTokens: budget, maxSequences: 1000 });
      const served = new Served(engine, pool, cache, now, limits);
      const kept: number[][] = [];
      const expected = (prompt: number[]): number => (name === "none" ? 0 : foundByHand(prompt, kept, pageSize));
      const oneByOne = prompts.map((prompt) => [prompt]);
      served.rows.push(await served.#round("in turn", oneByOne, expected, (tokens) => kept.push(tokens)));
      await tier.settle();
      served.rows.push(await served.#round("at once", [prompts], expected, () => {}));
      if (name !== "none") served.ways = await timeWaysBack(runner, tier, prompts[0].slice(0, -1), { pageSize, now });
      return served;
    } finally {
      await tier.close();
      runner.dispose();
    }
  }

  /** Groups of requests, one group after the other. */
  async #round(
    asked: string,
    groups: readonly (readonly number[][])[],
    expected: (prompt: number[]) => number,
    finished: (tokens: number[]) => unknown,
  ): Promise<Record<string, string | number>> {
    let [tokens, found, run, byHand, peak] = [0, 0, 0, 0, 0];
    const waits: number[] = [];
    for (const group of groups) {
      const outputs: number[][] = group.map(() => []);
      const begun = this.#now();
      for (const [i, prompt] of group.entries()) {
        tokens += prompt.length;
        byHand += expected(prompt);
        const events = {
          onToken: (_: number, { token }: { token: number }): boolean => {
            if (outputs[i].length === 0) waits.push(this.#now() - begun);
            return outputs[i].push(token) > 0;
          },
          onFinish: (_: number, reason: string): void => {
            if (reason === "error") throw new Error(`Request ${i} has failed.`);
          },
        };
        this.engine.add({ prompt, maxTokens: this.#most, events });
      }
      while (this.engine.hasWork) {
        const { cached, prefill } = await this.engine.step();
        found += cached;
        run += prefill;
        const { shared, own } = this.pool.counts();
        peak = Math.max(peak, shared + own);
      }
      for (const [i, prompt] of group.entries()) finished([...prompt, ...outputs[i].slice(0, -1)]);
      this.text += outputs.join(" ");
    }
    if (this.#counted && (found !== byHand || run !== tokens - byHand))
      throw new Error(`${found} tokens were found and ${run} run; by hand it is ${byHand} and ${tokens - byHand}.`);
    const sorted = waits.sort((a, b) => a - b);
    return {
      asked,
      found,
      run,
      "hit rate": `${((100 * found) / tokens).toFixed(1)} %`,
      "peak pages": peak,
      "kept pages": this.pool.counts().idle,
      "TTFT (ms)": sorted[Math.floor(sorted.length / 2)].toFixed(1),
    };
  }
}
