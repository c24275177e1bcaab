// What 9.4 is tried on: calls of block tables, and how an answer is driven through them.
import { draws, isOdd, plainOf } from "worldsize/exercise";

export type Call =
  | { readonly call: "begin" | "free"; readonly id: number }
  | { readonly call: "append"; readonly id: number; readonly count: number }
  | { readonly call: "fork"; readonly id: number; readonly other: number };

export interface Case {
  readonly about: string;
  readonly pages: number;
  readonly pageSize: number;
  readonly calls: readonly Call[];
}

/** What a call gave, and the tables of all sequences after it. */
export interface Step {
  readonly gave?: unknown;
  readonly tables?: readonly (readonly [id: number, table: unknown])[];
  /** The call did not return. */
  readonly threw?: string;
}

/** `b0 a0:6 f0:1 e0`: begin, append, fork, end. */
function callsOf(script: string): Call[] {
  return script.split(" ").map((word) => {
    const [id, more] = word.slice(1).split(":").map(Number);
    if (word[0] === "a") return { call: "append", id, count: more };
    if (word[0] === "f") return { call: "fork", id, other: more };
    return { call: word[0] === "b" ? "begin" : "free", id };
  });
}

/** Short stories first, then calls that were drawn. */
export function casesOf(seed: number): Case[] {
  const of = (about: string, pageSize: number, script: string): Case => {
    const calls = callsOf(script);
    return { about, pageSize, calls, pages: reference(pageSize, calls).most };
  };
  return [
    of("one sequence", 4, "b0 a0:3 a0:1 a0:1 a0:7 e0"),
    of("a page that is just full", 4, "b0 a0:4 b1 a1:4 a0:1 a1:1"),
    of("two, one after the other", 4, "b0 a0:6 e0 b1 a1:8 e1"),
    of("a fork whose origin ends", 4, "b0 a0:12 e0 b1 a1:6 f1:2 e1 a2:1"),
    of("a fork inside a page", 4, "b0 a0:6 f0:1 a1:1 a0:1 a0:1 a1:2"),
    of("a fork at the end of a page", 4, "b0 a0:8 f0:1 a1:1 a0:1"),
    of("a fork that outlives its origin", 4, "b0 a0:6 f0:1 e0 b2 a2:4 a1:1 a1:3"),
    of("four from one", 4, "b0 a0:6 f0:1 f0:2 f1:3 a0:1 a1:1 a2:1 a3:1 e1 e2 a0:2 a3:2"),
    of("beams: forks and ends, over and over", 2, "b0 a0:3 f0:1 a0:1 a1:1 f1:2 e0 a1:1 a2:1 f2:3 e1 a2:1 a3:1 e2 a3:2"),
    of("pages of one token", 1, "b0 a0:3 f0:1 a1:1 a0:1 e0 a1:1"),
    ...[0, 1].map((i) => drawn(seed, i)),
  ];
}

function drawn(seed: number, place: number): Case {
  const random = draws(seed, 94, place);
  const below = (n: number): number => Math.floor(n * random());
  const pageSize = [4, 3][place];
  const calls: Call[] = [];
  const live: number[] = [];
  let next = 0;
  for (let i = 0; i < 60; i++) {
    const id = live[below(live.length)];
    const does = random();
    if (id === undefined || (does < 0.12 && live.length < 5)) {
      calls.push({ call: "begin", id: next });
      live.push(next++);
    } else if (does < 0.72) calls.push({ call: "append", id, count: 1 + below(does < 0.3 ? 6 : 2) });
    else if (does < 0.86 && live.length < 6) {
      calls.push({ call: "fork", id, other: next });
      live.push(next++);
    } else {
      calls.push({ call: "free", id });
      live.splice(live.indexOf(id), 1);
    }
  }
  return { about: `calls that were drawn (${place})`, pageSize, calls, pages: reference(pageSize, calls).most };
}

/** How many pages are copied by each call and are in use after it, and at most: counted with pages that never run out. */
export function reference(
  pageSize: number,
  calls: readonly Call[],
): { copies: number[]; inUse: number[]; most: number } {
  let next = 0;
  const tables = new Map<number, { pages: number[]; length: number }>();
  const countOf = (page: number): number => [...tables.values()].filter(({ pages }) => pages.includes(page)).length;
  const copies: number[] = [];
  const inUse: number[] = [];
  for (const call of calls) {
    let copied = 0;
    const one = tables.get(call.id) ?? { pages: [], length: 0 };
    if (call.call === "begin") tables.set(call.id, one);
    else if (call.call === "free") tables.delete(call.id);
    else if (call.call === "fork") tables.set(call.other, { pages: [...one.pages], length: one.length });
    else if (call.call === "append") {
      const last = one.pages.length - 1;
      if (one.length % pageSize > 0 && countOf(one.pages[last]) > 1) {
        one.pages[last] = next++;
        copied = 1;
      }
      const length = one.length + call.count;
      while (one.pages.length < Math.ceil(length / pageSize)) one.pages.push(next++);
      tables.set(call.id, { pages: one.pages, length });
    }
    copies.push(copied);
    inUse.push(new Set([...tables.values()].flatMap(({ pages }) => pages)).size);
  }
  // While a page is copied both are there, which is one more for a moment only if its last holder leaves it: it has others.
  return { copies, inUse, most: Math.max(...inUse) };
}

interface Tables {
  begin(id: number): unknown;
  append(id: number, count: number): unknown;
  fork(id: number, other: number): unknown;
  free(id: number): unknown;
  table(id: number): unknown;
}

/** Whether an answer gave tables at all. */
export function isTables(value: unknown): value is Tables {
  if (typeof value !== "object" || value === null || isOdd(value)) return false;
  try {
    return (["begin", "append", "fork", "free", "table"] as const).every(
      (name) => typeof (value as Tables)[name] === "function",
    );
  } catch {
    return false;
  }
}

/** Drives tables through a case, up to the first call that throws. */
export function drive(tables: Tables, { calls }: Case): Step[] {
  const steps: Step[] = [];
  const live = new Set<number>();
  for (const call of calls) {
    try {
      let gave: unknown;
      if (call.call === "append") gave = plainOf(tables.append(call.id, call.count));
      else if (call.call === "fork") tables.fork(call.id, call.other);
      else tables[call.call](call.id);
      if (call.call === "begin") live.add(call.id);
      if (call.call === "fork") live.add(call.other);
      if (call.call === "free") live.delete(call.id);
      steps.push({ gave, tables: [...live].map((id) => [id, plainOf(tables.table(id))] as const) });
    } catch (error) {
      steps.push({ threw: wordsOf(error) });
      return steps;
    }
  }
  return steps;
}

/** What was thrown, whatever it is. */
function wordsOf(error: unknown): string {
  try {
    return String((error as Error)?.message ?? error).slice(0, 200);
  } catch {
    return "something odd";
  }
}
