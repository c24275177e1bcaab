/** What an engine has done, and where it stands: counters, cheap to read at any time. */
import type { PageCounts } from "../pages/pool.ts";
import type { Row } from "./runner.ts";
import type { Plan, Scheduled } from "./scheduler.ts";

/** What a step did. */
export interface StepReport {
  /** Tokens of prompts that were run. */
  readonly prefill: number;
  /** Sequences that decoded: a token each. */
  readonly decode: number;
  /** Tokens of prompts that the cache had, of those that began. */
  readonly cached: number;
  readonly preempted: number;
  /** Who was in it, with how many tokens; where each sequence stands is read as it is now. */
  readonly scheduled: readonly Scheduled[];
  /** Sequences that run, and requests that wait, after it. */
  readonly running: number;
  readonly waiting: number;
}

/** Counters since the engine was made, and its state now. */
export interface EngineStats {
  readonly pages: PageCounts;
  readonly running: number;
  readonly waiting: number;
  readonly steps: number;
  /** Tokens of prompts that were run, once more after each preemption. */
  readonly promptTokens: number;
  /** Tokens of prompts that the cache had. */
  readonly cachedTokens: number;
  /** Tokens that were given. */
  readonly generatedTokens: number;
  readonly preemptions: number;
  /** Pages that the cache gave up. */
  readonly evictions: number;
  /** Pages that went to a lower tier of memory, and that came back from it. */
  readonly savedPages: number;
  readonly loadedPages: number;
}

/** Adds up what steps did. */
export class StepTotals {
  #steps = 0;
  #promptTokens = 0;
  #cachedTokens = 0;
  #generatedTokens = 0;
  #preemptions = 0;

  /** A step is over. */
  add({ prefill, cached, preempted }: StepReport): void {
    this.#steps++;
    this.#promptTokens += prefill;
    this.#cachedTokens += cached;
    this.#preemptions += preempted;
  }

  /** A token was given. */
  addToken(): void {
    this.#generatedTokens++;
  }

  /** The sums. */
  get totals(): Pick<EngineStats, "steps" | "promptTokens" | "cachedTokens" | "generatedTokens" | "preemptions"> {
    return {
      steps: this.#steps,
      promptTokens: this.#promptTokens,
      cachedTokens: this.#cachedTokens,
      generatedTokens: this.#generatedTokens,
      preemptions: this.#preemptions,
    };
  }
}

/** What a step did, but for how many are left. */
export function stepCounts(
  { admitted, preempted, scheduled }: Plan,
  rows: readonly Row[],
  pageSize: number,
): Omit<StepReport, "running" | "waiting"> {
  let [tokens, decode] = [0, 0];
  for (const { tokens: run, start, draws } of rows) {
    tokens += run.length;
    if (draws.length > 0 && start >= draws[0].promptLength) decode++;
  }
  const cached = admitted.reduce((sum, { found }) => sum + found.length * pageSize, 0);
  return { prefill: tokens - decode, decode, cached, preempted: preempted.length, scheduled };
}
