/**
 * Who runs in the next step, and with how many tokens: a pure function of what waits, what runs, and the pool's counts.
 * Sequences that run come first, in their order, each with a token, or with what is left of its prompt as far as the budget
 * goes (chunked prefill, Agrawal et al., 2023). Where pages are short, the last in the order gives its own back. Then those
 * that wait are let in, while there are budget and pages for their whole prompt.
 */
import type { PagePool } from "../pages/pool.ts";
import type { PrefixCache } from "../pages/prefix-cache.ts";
import type { Sequence } from "./sequence.ts";

/** Limits of a step. */
export interface SchedulerOptions {
  /** Most tokens of a step. */
  readonly maxTokens: number;
  /** Most sequences at a time. */
  readonly maxSequences: number;
}

/** Tiers of memory below the device, as a plan sees them. */
export interface LowerTiers {
  /** Pages that could come up for a sequence, behind those that were found in the cache. */
  find(sequence: Sequence, found: number): number;
  /** Whether pages are on their way for it. */
  isLoading(sequence: Sequence): boolean;
}

/** Pages that are to come up for a sequence. */
export interface PlannedLoad {
  readonly sequence: Sequence;
  /** Pages of its prefix that the cache has. */
  readonly found: readonly number[];
  /** How many follow them. */
  readonly count: number;
}

/** One sequence of a step. */
export interface Scheduled {
  readonly sequence: Sequence;
  /** Tokens that it runs. */
  readonly count: number;
}

/** A step. */
export interface Plan {
  /** Those that give their pages back first. */
  readonly preempted: readonly Sequence[];
  /** Those that begin, with the pages that the cache has for them. */
  readonly admitted: readonly { readonly sequence: Sequence; readonly found: readonly number[] }[];
  /** Those that run, the admitted ones last. */
  readonly scheduled: readonly Scheduled[];
  /** What begins to come up from lower tiers. */
  readonly loads: readonly PlannedLoad[];
}

/** What a plan is made of. */
export interface SchedulerState {
  /** In their order. */
  readonly running: readonly Sequence[];
  /** In their order. */
  readonly waiting: readonly Sequence[];
  readonly pool: PagePool;
  readonly cache: PrefixCache;
  readonly tiers?: LowerTiers;
}

/** Pages that a sequence needs besides its own to run so many tokens: a shared one that it would write into counts. */
export function pagesNeeded(pool: PagePool, { computed, table }: Sequence, count: number): number {
  const more = pool.pagesFor(computed + count) - table.length;
  const copy = computed % pool.pageSize > 0 && pool.isShared(table[table.length - 1]) ? 1 : 0;
  return more + copy;
}

/** Plans a step; nothing changes but when prefixes were last used. */
export function plan({ running, waiting, pool, cache, tiers }: SchedulerState, options: SchedulerOptions): Plan {
  const loads: PlannedLoad[] = [];
  const scheduled: Scheduled[] = [];
  const admitted: { sequence: Sequence; found: readonly number[] }[] = [];
  const preempted: Sequence[] = [];
  let budget = options.maxTokens;
  let room = pool.available;
  let end = running.length;
  for (let i = 0; i < end && budget > 0; i++) {
    const sequence = running[i];
    const count = Math.min(sequence.pending, budget);
    const need = pagesNeeded(pool, sequence, count);
    while (need > room && end > i) {
      const last = running[--end];
      preempted.push(last);
      room += pagesGained(pool, last);
    }
    if (end <= i) break; // it has given its own pages back
    room -= need;
    budget -= count;
    scheduled.push({ sequence, count });
  }
  // Whoever had to make room is not let in again by the same step.
  if (preempted.length > 0) return { preempted, admitted, scheduled, loads };
  let places = options.maxSequences - end;
  for (const sequence of waiting) {
    if (places <= sequence.branches || budget <= 0) break;
    if (tiers?.isLoading(sequence)) continue;
    const { findable } = sequence;
    const found = findable < pool.pageSize ? [] : cache.find(sequence.tokens, findable);
    const idle = found.filter((page) => pool.isIdle(page)).length;
    const need = pool.pagesFor(sequence.tokens.length) - found.length;
    if (idle + need > room) break; // the next one waits behind it
    room -= idle;
    const count = tiers?.find(sequence, found.length) ?? 0;
    if (count > 0) {
      room -= count;
      loads.push({ sequence, found, count });
      continue;
    }
    room -= need;
    places -= 1 + sequence.branches;
    const run = Math.min(sequence.tokens.length - found.length * pool.pageSize, budget);
    budget -= run;
    admitted.push({ sequence, found });
    scheduled.push({ sequence, count: run });
  }
  return { preempted, admitted, scheduled, loads };
}

/** Pages that can be had when a sequence gives its own back. */
function pagesGained(pool: PagePool, { table }: Sequence): number {
  return table.filter((page) => pool.isLast(page)).length;
}
