// What 9.3 is tried on: requests that come and go, as calls of a pool; and how a pool is driven through them.
import { draws, isOdd, plainOf } from "worldsize/exercise";

/** What a request does next. */
export interface Action {
  readonly request: number;
  readonly does: "begin" | "keep" | "end";
}

/** Requests by number, each with the keys of its prompt, and what they do in which order. */
export interface Case {
  readonly about: string;
  readonly pages: number;
  readonly keys: readonly (readonly string[])[];
  readonly actions: readonly Action[];
}

/** One call of the pool, and what it gave. */
export interface Call {
  readonly request: number;
  readonly call: "allocate" | "keep" | "match" | "release";
  readonly count?: number;
  readonly keys?: readonly string[];
  readonly pages?: readonly number[];
  readonly gave: unknown;
}

/** Keys of a prompt: each names all before it, as a chain of hashes does. */
const chain = (words: string): string[] => words.split(" ").map((_, i, all) => all.slice(0, i + 1).join(" "));

/** Short stories first; then many requests that were drawn. */
export function casesOf(seed: number): Case[] {
  const of = (about: string, pages: number, prompts: readonly string[], script: string): Case => {
    const does = { b: "begin", k: "keep", e: "end" } as const;
    const actions = script.split(" ").map((word) => ({
      request: Number(word.slice(1)),
      does: does[word[0] as keyof typeof does],
    }));
    return { about, pages, keys: prompts.map(chain), actions };
  };
  return [
    of("a prompt that comes again", 4, ["a b", "a b c"], "b0 k0 e0 b1 k1 e1"),
    of("one is read while another one wants room", 3, ["a b", "a b", "x y z"], "b0 k0 e0 b1 b2 e1 b2"),
    of("two read the same, and one of them ends", 3, ["a b", "a b", "a b", "x y"], "b0 k0 e0 b1 b2 e1 b3 e2"),
    of("two compute the same at once, a third wants room", 5, ["a b", "a b", "x y z"], "b0 b1 k0 k1 b2 k2 e0 e1 e2"),
    of(
      "the oldest goes first",
      4,
      ["a", "b", "c", "a", "d", "e", "b"],
      "b0 k0 e0 b1 k1 e1 b2 k2 e2 b3 k3 e3 b4 k4 b5 k5 b6",
    ),
    of("a long prefix is eaten from its end", 4, ["a b c", "x y", "a"], "b0 k0 e0 b1 k1 e1 b2 k2 e2"),
    of("more than there is", 3, ["a b", "x y z", "c"], "b0 k0 b1 b2 e0 e2 b1"),
    ...[0, 1, 2].map((i) => drawn(seed, i)),
  ];
}

function drawn(seed: number, place: number): Case {
  const random = draws(seed, 93, place);
  const below = (n: number): number => Math.floor(n * random());
  const keys: string[][] = [];
  const live: { request: number; kept: boolean }[] = [];
  const actions: Action[] = [];
  for (let i = 0; i < 90; i++) {
    const at = below(live.length + 2);
    const one = live[at];
    if (!one) {
      const words = Array.from({ length: 1 + below(4) }, () => "abc"[below(3)]);
      actions.push({ request: keys.length, does: "begin" });
      live.push({ request: keys.length, kept: false });
      keys.push(chain(words.join(" ")));
    } else if (!one.kept && random() < 0.7) {
      actions.push({ request: one.request, does: "keep" });
      one.kept = true;
    } else {
      actions.push({ request: one.request, does: "end" });
      live.splice(at, 1);
    }
  }
  for (const { request } of live) actions.push({ request, does: "end" });
  return { about: `requests that were drawn (${place})`, pages: 7 + 2 * place, keys, actions };
}

/** A pool as an answer gives it. */
interface Pool {
  allocate(count: number): unknown;
  keep(keys: string[], pages: number[]): unknown;
  match(keys: string[]): unknown;
  release(pages: number[]): unknown;
}

/** Whether something is a list of pages, so that the next call can be made with it. */
function arePages(value: unknown, { pages }: Case): value is number[] {
  return Array.isArray(value) && value.every((page) => Number.isInteger(page) && page >= 0 && page < pages);
}

/** Drives a pool through a case, up to the first call that gives what is no list of pages. */
export function drive(pool: Pool, given: Case): Call[] {
  const calls: Call[] = [];
  const tables = new Map<number, number[]>();
  /** @returns what the call gave, if it can be gone on with. */
  const made = (call: Omit<Call, "gave">, gave: unknown): unknown => {
    const plain = plainOf(gave);
    calls.push({ ...call, gave: plain });
    return plain;
  };
  for (const { request, does } of given.actions) {
    const keys = given.keys[request];
    const table = tables.get(request);
    if (does === "begin") {
      const found = made({ request, call: "match", keys }, pool.match([...keys]));
      if (!arePages(found, given) || found.length > keys.length) return calls;
      const count = keys.length - found.length;
      const own = made({ request, call: "allocate", count }, pool.allocate(count));
      if (own === undefined) {
        made({ request, call: "release", pages: found }, pool.release([...found]));
      } else if (!arePages(own, given) || own.length !== count) return calls;
      else tables.set(request, [...found, ...own]);
    } else if (table && does === "keep") {
      const now = made({ request, call: "keep", keys, pages: table }, pool.keep([...keys], [...table]));
      if (!arePages(now, given) || now.length !== table.length) return calls;
      tables.set(request, now);
    } else if (table) {
      made({ request, call: "release", pages: table }, pool.release([...table]));
      tables.delete(request);
    }
  }
  for (const [request, pages] of tables) made({ request, call: "release", pages }, pool.release([...pages]));
  made({ request: -1, call: "allocate", count: given.pages }, pool.allocate(given.pages));
  return calls;
}

/** Whether an answer gave a pool at all. */
export function isPool(value: unknown): value is Pool {
  if (typeof value !== "object" || value === null || isOdd(value)) return false;
  try {
    return (["allocate", "keep", "match", "release"] as const).every(
      (name) => typeof (value as Pool)[name] === "function",
    );
  } catch {
    return false;
  }
}
