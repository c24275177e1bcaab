/**
 * The engine, in its plain form: plan a step, launch it, commit what it gave, and again. Whoever adds a request hears of
 * each token as it is committed. The books of pages are kept here and nowhere else.
 */
import type { PageCounts, PagePool } from "../pages/pool.ts";
import { noCache, type PrefixCache } from "../pages/prefix-cache.ts";
import { checkRequest } from "./admission.ts";
import { type EngineRequest, type FinishReason, greedy, type Sampled } from "./request.ts";
import type { Draw, Row, Runner } from "./runner.ts";
import { type Plan, pagesNeeded, plan, type Scheduled, type SchedulerOptions } from "./scheduler.ts";
import { before, Sequence } from "./sequence.ts";

/** What an engine is made of. */
export interface EngineOptions extends Partial<SchedulerOptions> {
  readonly runner: Runner;
  readonly pool: PagePool;
  /** None keeps nothing. */
  readonly cache?: PrefixCache;
}

/** What a step did. */
export interface StepReport {
  /** Tokens of prompts that were run. */
  readonly prefill: number;
  /** Sequences that decoded: a token each. */
  readonly decode: number;
  /** Tokens of prompts that the cache had, of those that began. */
  readonly cached: number;
  readonly preempted: number;
  /** Sequences that run, and requests that wait, after it. */
  readonly running: number;
  readonly waiting: number;
}

/** A step on its way. */
interface Launched {
  readonly plan: Plan;
  readonly result: Promise<readonly (readonly Sampled[])[]>;
}

/** Serves requests, many at a time. */
export class Engine {
  readonly #runner: Runner;
  readonly #pool: PagePool;
  readonly #cache: PrefixCache;
  readonly #limits: SchedulerOptions;
  #running: Sequence[] = [];
  #waiting: Sequence[] = [];
  #order = 0;
  #stepping = false;

  constructor({ runner, pool, cache = noCache, maxTokens = 512, maxSequences = 256 }: EngineOptions) {
    this.#runner = runner;
    this.#pool = pool;
    this.#cache = cache;
    this.#limits = { maxTokens, maxSequences };
  }

  /** Sequences that run, in their order. */
  get running(): readonly Sequence[] {
    return this.#running;
  }

  /** Sequences that wait, in their order. */
  get waiting(): readonly Sequence[] {
    return this.#waiting;
  }

  /** How many pages are in which state. */
  get pages(): PageCounts {
    return this.#pool.counts();
  }

  /** Whether a step would find anything to do. */
  get hasWork(): boolean {
    return this.#running.length + this.#waiting.length > 0;
  }

  /**
   * Takes a request; it runs from a later step on.
   * @returns its number, by which it is aborted. @throws RequestError for what is wrong, or could never end.
   */
  add(request: EngineRequest): number {
    const most = checkRequest(request, this.#runner, this.#pool, this.#limits);
    const order = this.#order++;
    this.#wait(new Sequence(request, order, 0, most, request.prompt));
    return order;
  }

  /** Nobody wants a request any more: its pages are free now, or with the end of the step that it is in. */
  abort(order: number): void {
    for (const sequence of [...this.#running, ...this.#waiting]) {
      if (sequence.order !== order) continue;
      sequence.abort();
      if (!this.#stepping) this.#finish(sequence, "abort");
    }
    if (!this.#stepping) this.#forgetFinished();
  }

  /** One step: plan, launch, commit. @throws Error when another one is in flight. */
  async step(): Promise<StepReport> {
    if (this.#stepping) throw new Error("A step of this engine is in flight: await it before the next one.");
    this.#stepping = true;
    try {
      const launched = this.launch(this.plan());
      await this.commit(launched);
      return this.#report(launched.plan);
    } finally {
      this.#stepping = false;
    }
  }

  /** Who runs next. */
  protected plan(): Plan {
    return plan({ running: this.#running, waiting: this.#waiting, pool: this.#pool, cache: this.#cache }, this.#limits);
  }

  /** Carries a plan out: moves pages as it says, and lets the runner run. */
  protected launch(plan: Plan): Launched {
    const copies: [number, number][] = [];
    for (const sequence of plan.preempted) {
      this.#keep(sequence);
      this.#releaseAll(sequence.preempt());
      this.#wait(sequence);
    }
    for (const { sequence, found } of plan.admitted) {
      for (const page of found) this.#pool.hold(page);
      sequence.begin(found, this.#pool.pageSize);
      sequence.request.events.onScheduled?.(sequence.choice, sequence.cached);
    }
    const begun = new Set(plan.admitted.map(({ sequence }) => sequence));
    this.#waiting = this.#waiting.filter((sequence) => !begun.has(sequence));
    this.#running = [...this.#running.filter(({ state }) => state === "running"), ...begun].sort(before);
    const rows = plan.scheduled.map((each) => this.#row(each, copies));
    const run = async () => this.#runner.run({ copies, rows }); // what throws at once fails as what throws later
    return { plan, result: run() };
  }

  /** Takes what a step gave. A step that failed ends its sequences with "error", and nothing else. */
  protected async commit({ plan, result }: Launched): Promise<void> {
    let drawn: readonly (readonly Sampled[])[];
    try {
      drawn = await result;
    } catch (error) {
      for (const { sequence } of plan.scheduled) this.#finish(sequence, "error", error);
      this.#forgetFinished();
      return;
    }
    for (const [i, { sequence, count }] of plan.scheduled.entries()) {
      sequence.advance(count);
      if (drawn[i].length > 0) this.#draw(sequence, drawn[i]);
    }
    for (const sequence of [...this.#running, ...this.#waiting])
      if (sequence.aborted && sequence.state !== "finished") this.#finish(sequence, "abort");
    this.#forgetFinished();
  }

  /** @throws Error where the books of pages are wrong. For tests, after each step. */
  checkBooks(): void {
    const tables = [...this.#running, ...this.#waiting].map(({ table }) => table);
    this.#pool.checkBooks(tables, this.#cache.pages());
  }

  /** What the runner is told of a sequence, once it has the pages. */
  #row({ sequence, count }: Scheduled, copies: [number, number][]): Row {
    const pool = this.#pool;
    const short = pagesNeeded(pool, sequence, count) - pool.free;
    if (short > 0) this.#cache.evict(short);
    const { computed, request } = sequence;
    const last = sequence.table.length - 1;
    if (computed % pool.pageSize > 0 && pool.isShared(sequence.table[last])) {
      const [old, page] = [sequence.table[last], pool.take()];
      copies.push([old, page]);
      sequence.replacePage(last, page);
      pool.release(old);
    }
    while (sequence.table.length < pool.pagesFor(computed + count)) sequence.addPage(pool.take());
    const sampling = { ...greedy, ...request.sampling };
    const draws: Draw[] =
      count < sequence.pending
        ? []
        : Array.from({ length: 1 + sequence.branches }, (_, i) => ({
            sampling,
            choice: sequence.choice + i,
            tokens: sequence.tokens,
            promptLength: request.prompt.length,
          }));
    return {
      tokens: sequence.tokens.slice(computed, computed + count),
      start: computed,
      pages: [...sequence.table],
      draws,
    };
  }

  /** A sequence's next token; and where the prompt has just been run, those of the other choices. */
  #draw(sequence: Sequence, drawn: readonly Sampled[]): void {
    if (sequence.aborted) return;
    if (sequence.drawn === 0) this.#keep(sequence);
    const others = sequence.branch();
    for (const other of others) for (const page of other.table) this.#pool.hold(page);
    if (others.length > 0) this.#running = [...this.#running, ...others].sort(before);
    for (const [i, each] of [sequence, ...others].entries()) this.#take(each, drawn[i]);
  }

  #take(sequence: Sequence, sampled: Sampled): void {
    const { request, choice, drawn } = sequence;
    if (request.stopTokens?.has(sampled.token) && drawn >= (request.minTokens ?? 0)) {
      this.#finish(sequence, "stop");
      return;
    }
    sequence.append(sampled.token);
    if (!request.events.onToken(choice, sampled)) this.#finish(sequence, "stop");
    else if (sequence.tokens.length >= sequence.most) this.#finish(sequence, "length");
  }

  /** Keeps a sequence's whole pages in the cache; where that has others for the same tokens, they take the place of its own. */
  #keep(sequence: Sequence): void {
    if (sequence.request.cache === false) return;
    const pool = this.#pool;
    const whole = Math.floor(sequence.computed / pool.pageSize);
    const own = sequence.table.slice(0, whole);
    for (const [i, page] of this.#cache.keep(sequence.tokens, own).entries()) {
      if (page === own[i]) continue;
      pool.hold(page);
      pool.release(own[i]);
      sequence.replacePage(i, page);
    }
  }

  #finish(sequence: Sequence, reason: FinishReason, error?: unknown): void {
    if (sequence.state === "running" && reason !== "error") this.#keep(sequence);
    this.#releaseAll(sequence.finish(reason, error));
  }

  /** From the last one on, so that the beginning of a prefix is the last to go. */
  #releaseAll(pages: readonly number[]): void {
    for (let i = pages.length - 1; i >= 0; i--) this.#pool.release(pages[i]);
  }

  #wait(sequence: Sequence): void {
    this.#waiting = [...this.#waiting, sequence].sort(before);
  }

  #forgetFinished(): void {
    this.#running = this.#running.filter(({ state }) => state === "running");
    this.#waiting = this.#waiting.filter(({ state }) => state === "waiting");
  }

  #report({ scheduled, admitted, preempted }: Plan): StepReport {
    const decode = scheduled.filter(({ sequence, count }) => count === 1 && sequence.drawn > 1).length;
    const tokens = scheduled.reduce((sum, { count }) => sum + count, 0);
    return {
      prefill: tokens - decode,
      decode,
      cached: admitted.reduce((sum, { found }) => sum + found.length * this.#pool.pageSize, 0),
      preempted: preempted.length,
      running: this.#running.length,
      waiting: this.#waiting.length,
    };
  }
}
