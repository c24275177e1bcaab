// What 8.4 is tried on: requests by when they arrive, a model of which nothing wrong stays unseen, and what each gets alone.
import { draws } from "worldsize/exercise";

export interface Request {
  readonly id: number;
  readonly prompt: readonly number[];
  readonly most: number;
}

/** Requests, and the step before which each arrives. */
export interface Load {
  readonly what: string;
  readonly slots: number;
  readonly arrivals: readonly { readonly before: number; readonly request: Request }[];
}

/** Ends an answer, and is not part of it. */
export const END = 0;
const VOCABULARY = 500;
/** Of so many tokens one is the end. */
const ENDING = 12;

const START = 0x9e3779b1;

/** A token at a position, mixed into all that were before it. */
export function mix(hash: number, token: number, position: number): number {
  const mixed = Math.imul(hash ^ Math.imul(token + 1, 0x85ebca6b), 0x01000193) ^ Math.imul(position + 1, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** The token behind a sequence, of tokens that were read at these positions. */
export function nextOf(read: readonly (readonly [token: number, position: number])[]): number {
  const hash = read.reduce((sum, [token, position]) => mix(sum, token, position), START);
  return hash % ENDING === 0 ? END : 1 + (hash % VOCABULARY);
}

/** What a request gets when it is alone, and how many steps that takes. */
export function aloneOf({ prompt, most }: Request): { tokens: number[]; steps: number } {
  const all = [...prompt];
  for (let steps = 1; ; steps++) {
    const next = nextOf(all.map((token, position) => [token, position]));
    if (next === END) return { tokens: all.slice(prompt.length), steps };
    all.push(next);
    if (all.length - prompt.length === most) return { tokens: all.slice(prompt.length), steps };
  }
}

/** Steps and tokens that a load takes, in the order in which requests came; and before which step each begins. */
export function leastOf({ slots, arrivals }: Load): { steps: number; ran: number; begins: Map<number, number> } {
  const free = Array<number>(slots).fill(0); // by slot: the step before which it is free
  const begins = new Map<number, number>();
  let ran = 0;
  for (const { before, request } of arrivals) {
    const { steps } = aloneOf(request);
    const slot = free.indexOf(Math.min(...free));
    begins.set(request.id, Math.max(before, free[slot]));
    free[slot] = Math.max(before, free[slot]) + steps;
    ran += request.prompt.length + steps - 1;
  }
  return { steps: Math.max(...free), ran, begins };
}

/** Loads of a check: the chapter's first. */
export function loadsOf(seed: number): Load[] {
  const random = draws(seed, 84);
  const whole = (from: number, to: number): number => from + Math.floor((to - from + 1) * random());
  let ids = 0;
  const request = (length: number, most: number): Request => ({
    id: ids++,
    prompt: Array.from({ length }, () => whole(1, VOCABULARY)),
    most,
  });
  /** One whose answer has a certain number of tokens, or fewer than it may have. */
  const certain = (length: number, most: number, tokens = most): Request => {
    for (;;) {
      const each = request(length, most);
      if (aloneOf(each).tokens.length === tokens) return each;
    }
  };
  const load = (what: string, slots: number, each: readonly (readonly [number, number, number])[]): Load => ({
    ...{ what, slots, arrivals: each.map(([before, length, most]) => ({ before, request: certain(length, most) })) },
  });
  return [
    load("one request", 1, [[0, 3, 4]]),
    load("one that wants a single token", 2, [[0, 5, 1]]),
    { what: "one that ends before its limit", slots: 1, arrivals: [{ before: 0, request: certain(3, 20, 4) }] },
    load("two at once", 2, [[0, 4, 6], [0, 2, 6]]), // biome-ignore format: one row
    load("four for two slots", 2, [[0, 3, 2], [0, 2, 6], [0, 4, 3], [0, 1, 2]]), // biome-ignore format: one row
    load("one that comes while another runs", 2, [[0, 3, 9], [2, 4, 3]]), // biome-ignore format: one row
    load("one that comes after a pause", 3, [[0, 2, 2], [14, 3, 4]]), // biome-ignore format: one row
    ...Array.from({ length: 4 }, (_, i) => {
      const times = Array.from({ length: whole(6, 14) }, () => whole(0, 25)).sort((a, b) => a - b);
      const arrivals = times.map((before) => ({ before, request: request(whole(1, 7), whole(1, 9)) }));
      return { what: `drawn ${i}`, slots: whole(1, 4), arrivals };
    }),
  ];
}
