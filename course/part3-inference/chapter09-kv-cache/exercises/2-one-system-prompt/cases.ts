// What 9.2 is tried on, and what the library's tree does with the same prompts.
import { draws } from "worldsize/exercise";
import { noCache, PagePool, RadixTree } from "worldsize/serve";

export interface Plan {
  readonly shared: number;
  readonly own: readonly number[];
  readonly pageSize: number;
  readonly atOnce: boolean;
}

export interface Served {
  readonly computed: number;
  readonly pages: number;
}

/** Plain plans first, then odd ones; the last are drawn anew. */
export function plansOf(seed: number): Plan[] {
  const random = draws(seed, 92);
  const whole = (from: number, to: number): number => from + Math.floor((to - from + 1) * random());
  const of = (shared: number, own: readonly number[], pageSize: number, atOnce = false): Plan => ({
    ...{ shared, own, pageSize, atOnce },
  });
  const drawn = (): Plan => {
    const own = Array.from({ length: whole(2, 9) }, () => whole(0, 40));
    return of(whole(1, 90), own, [1, 4, 16, 64][whole(0, 3)], random() < 0.3);
  };
  const hundred = Array<number>(100).fill(20);
  return [
    of(500, hundred, 16),
    of(32, [0, 0], 16), // cached whole: the last page is run again
    of(8, [0, 0], 4), // nano-vllm 144
    of(9, [0, 0], 4),
    of(8, [0, 0, 0], 1),
    of(500, hundred, 16, true),
    of(512, hundred, 16),
    of(500, hundred, 1),
    of(15, [40, 40, 40], 16), // no page is whole
    of(32, [0, 5, 0, 40], 16),
    of(0, [7, 33, 16], 16), // nothing is shared
    of(100, [3], 8), // one request
    of(48, [0, 0, 12], 16, true),
    ...Array.from({ length: 8 }, drawn),
  ];
}

/** The prompts of a plan: the system prompt's tokens are below 1,000, each own one is used once. */
function promptsOf({ shared, own }: Plan): number[][] {
  let next = 1000;
  const system = Array.from({ length: shared }, (_, i) => i % 1000);
  return own.map((more) => [...system, ...Array.from({ length: more }, () => next++)]);
}

/** What the tree and the pool do with a plan. */
export function servedBy(plan: Plan): Served {
  const prompts = promptsOf(plan);
  const total = prompts.reduce((sum, { length }) => sum + Math.ceil(length / plan.pageSize), 0);
  const pool = new PagePool(Math.max(1, total), plan.pageSize);
  const tree = new RadixTree(pool);
  let computed = 0;
  const begin = (prompt: readonly number[], cache: Pick<RadixTree, "find">): number[] => {
    const table = [...cache.find(prompt, prompt.length - 1)];
    for (const page of table) pool.hold(page);
    computed += prompt.length - table.length * plan.pageSize;
    while (table.length < pool.pagesFor(prompt.length)) table.push(pool.take());
    return table;
  };
  const end = (prompt: readonly number[], table: readonly number[]): void => {
    tree.keep(prompt, table.slice(0, Math.floor(prompt.length / plan.pageSize)));
    for (const page of table) pool.release(page);
  };
  if (plan.atOnce) {
    const tables = prompts.map((prompt) => begin(prompt, noCache));
    for (const [i, prompt] of prompts.entries()) end(prompt, tables[i]);
  } else {
    for (const prompt of prompts) end(prompt, begin(prompt, tree));
  }
  return { computed, pages: pool.counts().idle };
}
