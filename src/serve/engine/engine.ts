/**
 * The engine, in its plain form: plan a step, launch it, commit what it gave, and again. Whoever adds a request hears of
 * each token as it is committed. The books of pages are kept here and nowhere else.
 */
import type { PageStore } from "../pages/page-store.ts";
import type { PageCounts, PagePool } from "../pages/pool.ts";
import { noCache, type PrefixCache } from "../pages/prefix-cache.ts";
import { checkRequest } from "./admission.ts";
import { Doorbell } from "./doorbell.ts";
import { Readers } from "./readers.ts";
import type { EngineRequest, FinishReason, Sampled } from "./request.ts";
import type { Row, Runner } from "./runner.ts";
import { type Plan, plan, type Scheduled, type SchedulerOptions } from "./scheduler.ts";
import { before, Sequence } from "./sequence.ts";
import { SequencePages } from "./sequence-pages.ts";
import { type EngineStats, type StepReport, StepTotals, stepCounts } from "./stats.ts";
import { Tiers } from "./tiers.ts";

/** What an engine is made of. */
export interface EngineOptions extends Partial<SchedulerOptions> {
  readonly runner: Runner;
  readonly pool: PagePool;
  /** None keeps nothing. */
  readonly cache?: PrefixCache;
  /** Where pages go that the cache gives up, and come back from; the runner has to have a `memory`. */
  readonly store?: PageStore;
}

/** A step on its way. */
interface Launched {
  readonly plan: Plan;
  readonly rows: readonly Row[];
  readonly result: Promise<readonly (readonly Sampled[])[]>;
}

/** Serves requests, many at a time. */
export class Engine {
  readonly #runner: Runner;
  readonly #pool: PagePool;
  readonly #cache: PrefixCache;
  readonly #limits: SchedulerOptions;
  readonly #pages: SequencePages;
  readonly #tiers: Tiers | undefined;
  readonly #totals = new StepTotals();
  readonly #readers = new Readers();
  /** Ends a step that does nothing but wait for pages. */
  readonly #doorbell = new Doorbell();
  #running: Sequence[] = [];
  #waiting: Sequence[] = [];
  #order = 0;
  #stepping = false;
  /** Whether a sequence of the lists is over, or is to be. */
  #leaving = false;

  /** @throws Error for a store beside a runner whose pages cannot be moved. */
  constructor({ runner, pool, cache = noCache, store, maxTokens = 512, maxSequences = 256 }: EngineOptions) {
    this.#runner = runner;
    this.#pool = pool;
    this.#cache = cache;
    this.#limits = { maxTokens, maxSequences };
    this.#pages = new SequencePages(pool, cache, store !== undefined);
    if (!store) return;
    const { memory } = runner;
    if (!memory) throw new Error("Pages cannot go to a store: this runner has no memory that they could be read from.");
    this.#tiers = new Tiers({ memory, store, pool, cache, pages: this.#pages });
  }

  /** Sequences that run, in their order. */
  get running(): readonly Sequence[] {
    return this.#running;
  }

  /** Sequences that wait, in their order. */
  get waiting(): readonly Sequence[] {
    return this.#waiting;
  }

  /** What it has done, and where it stands. */
  get stats(): EngineStats {
    return {
      ...this.#totals.totals,
      ...(this.#tiers?.moved ?? { savedPages: 0, loadedPages: 0 }),
      evictions: this.#pages.evictions,
      pages: this.pages,
      running: this.#running.length,
      waiting: this.#waiting.length,
    };
  }

  /** How many pages are in which state. */
  get pages(): PageCounts {
    return this.#pool.counts();
  }

  /** Whether a step would find anything to do. */
  get hasWork(): boolean {
    return this.#running.length + this.#waiting.length + (this.#tiers?.loading ?? 0) > 0;
  }

  /**
   * Takes a request; it runs from a later step on.
   * @returns its number, by which it is aborted. @throws RequestError for what is wrong, or could never end.
   */
  add(request: EngineRequest): number {
    const most = checkRequest(request, this.#runner, this.#pool, this.#limits);
    const order = this.#order++;
    this.#wait(new Sequence(request, order, 0, most, request.prompt));
    this.#doorbell.ring();
    return order;
  }

  /** Nobody wants a request any more: its pages are free now, or with the end of the step that it is in. */
  abort(order: number): void {
    for (const sequence of [...this.#running, ...this.#waiting]) {
      if (sequence.order !== order) continue;
      sequence.abort();
      this.#leaving = true;
    }
    this.#doorbell.ring();
    if (this.#stepping) return;
    this.#clear();
    this.#readers.throwOn();
  }

  /** One step: plan, launch, commit. @throws Error when another one is in flight. */
  async step(): Promise<StepReport> {
    if (this.#stepping) throw new Error("A step of this engine is in flight: await it before the next one.");
    this.#stepping = true;
    let report: StepReport;
    this.#doorbell.answer();
    try {
      this.#tiers?.arrive();
      const launched = this.launch(this.plan());
      report = await this.commit(launched);
    } finally {
      this.#stepping = false;
    }
    this.#readers.throwOn();
    return report;
  }

  /** Who runs next. */
  protected plan(): Plan {
    const [running, waiting, pool, cache, tiers] = [this.#running, this.#waiting, this.#pool, this.#cache, this.#tiers];
    return plan({ running, waiting, pool, cache, tiers }, this.#limits);
  }

  /** Carries a plan out: moves pages as it says, and lets the runner run. */
  protected launch(plan: Plan): Launched {
    const { preempted, admitted, loads, scheduled } = plan;
    for (const sequence of preempted) {
      this.#pages.keep(sequence);
      this.#pages.release(sequence.preempt());
      this.#wait(sequence);
      this.#readers.tell(() => sequence.request.events.onPreempted?.(sequence.choice));
    }
    for (const { sequence, found } of admitted) {
      this.#pages.begin(sequence, found);
      this.#readers.tell(() => sequence.request.events.onScheduled?.(sequence.choice, sequence.cached));
    }
    if (preempted.length + admitted.length > 0) {
      const begun = admitted.map(({ sequence }) => sequence);
      this.#running = [...this.#running.filter(({ state }) => state === "running"), ...begun].sort(before);
      this.#waiting = this.#waiting.filter(({ state }) => state === "waiting");
    }
    for (const load of loads) this.#tiers?.start(load);
    const copies: [number, number][] = [];
    const rows = scheduled.map((each) => this.#row(each, copies));
    this.#tiers?.save(this.#pages.takeEvicted());
    const run = async () => this.#runner.run({ copies, rows }); // what throws at once fails as what throws later
    return { plan, rows, result: rows.length > 0 ? run() : Promise.resolve([]) };
  }

  /** Takes what a step gave. A step that failed ends its sequences with "error", and nothing else. */
  protected async commit({ plan, rows, result }: Launched): Promise<StepReport> {
    const { scheduled } = plan;
    let given: readonly (readonly Sampled[])[] | undefined;
    try {
      given = await result;
    } catch (error) {
      for (const { sequence } of scheduled) this.#finish(sequence, sequence.aborted ? "abort" : "error", error);
    }
    if (given) for (let i = 0; i < rows.length; i++) this.#take(scheduled[i], rows[i], given[i]);
    if (rows.length === 0 && this.#tiers?.loading) await this.#doorbell.waitFor(this.#tiers.next());
    this.#clear();
    const [running, waiting] = [this.#running.length, this.#waiting.length];
    const report = { ...stepCounts(plan, rows, this.#pool.pageSize), running, waiting };
    this.#totals.add(report);
    return report;
  }

  /** @throws Error where the books of pages are wrong. For tests, after each step. */
  checkBooks(): void {
    const tables = [...this.#running, ...this.#waiting].map(({ table }) => table);
    this.#pool.checkBooks([...tables, ...(this.#tiers?.tables ?? [])], this.#cache.pages());
  }

  /** What the runner is told of a sequence, once it has the pages. */
  #row({ sequence, count }: Scheduled, copies: [number, number][]): Row {
    this.#pages.extend(sequence, count, copies);
    const { computed: start, table: pages } = sequence;
    return {
      tokens: sequence.tokens.slice(start, start + count),
      start,
      pages,
      draws: count < sequence.pending ? [] : sequence.draws,
      scores: sequence.scores(count),
    };
  }

  /** What a step gave to one sequence. */
  #take({ sequence, count }: Scheduled, { draws, scores }: Row, given: readonly Sampled[]): void {
    sequence.advance(count);
    if (sequence.aborted) return;
    const scored = scores?.tokens.length ?? 0;
    if (sequence.isScoring && !this.#score(sequence, given.slice(0, scored))) return;
    if (draws.length > 0) this.#draw(sequence, scored > 0 ? given.slice(scored) : given);
    else if (sequence.pending === 0)
      this.#finish(sequence, "length"); // nothing but its prompt was wanted
    else this.#pages.keep(sequence); // whoever comes with the same prompt need not wait for all of it
  }

  /** Log-probabilities of further prompt tokens. @returns whether the sequence goes on. */
  #score(sequence: Sequence, scored: readonly Sampled[]): boolean {
    const { prompt, events } = sequence.request;
    const from = sequence.scored;
    const all = from === 0 ? [{ token: prompt[0] }, ...scored] : scored;
    if (all.length === 0) return true; // it was preempted, and is not where it was yet
    sequence.score(all.length);
    return this.#ask(sequence, () => {
      events.onPrompt?.(from, all);
      return true;
    });
  }

  /** A sequence's next token; and where the prompt has just been run, those of the other choices. */
  #draw(sequence: Sequence, drawn: readonly Sampled[]): void {
    if (sequence.drawn === 0) this.#pages.keep(sequence);
    if (sequence.branches === 0) {
      this.#append(sequence, drawn[0]);
      return;
    }
    const others = sequence.branch();
    for (const other of others) this.#pages.hold(other.table);
    this.#running = [...this.#running, ...others].sort(before);
    for (const [i, each] of [sequence, ...others].entries()) if (!each.aborted) this.#append(each, drawn[i]);
  }

  #append(sequence: Sequence, sampled: Sampled): void {
    const { request, choice, drawn } = sequence;
    if (request.stopTokens?.has(sampled.token) && drawn >= (request.minTokens ?? 0)) {
      this.#finish(sequence, "stop");
      return;
    }
    sequence.append(sampled.token);
    this.#totals.addToken();
    const { events } = request;
    if (!this.#ask(sequence, () => events.onToken(choice, sampled))) return;
    if (sequence.tokens.length >= sequence.most) this.#finish(sequence, "length");
  }

  /** Asks a sequence's reader whether it goes on. @returns that; if not it has ended, with "error" if the reader threw. */
  #ask(sequence: Sequence, reader: () => boolean): boolean {
    try {
      if (reader()) return true;
      this.#finish(sequence, "stop");
    } catch (error) {
      this.#finish(sequence, "error", error);
    }
    return false;
  }

  #finish(sequence: Sequence, reason: FinishReason, error?: unknown): void {
    if (sequence.state === "finished") return;
    if (sequence.state === "running" && reason !== "error") this.#pages.keep(sequence);
    const { request, choice, branches } = sequence;
    this.#pages.release(sequence.finish());
    this.#leaving = true;
    for (let i = 0; i <= branches; i++) this.#readers.tell(() => request.events.onFinish(choice + i, reason, error));
  }

  #wait(sequence: Sequence): void {
    const at = this.#waiting.findLastIndex((other) => before(other, sequence) < 0);
    this.#waiting.splice(at + 1, 0, sequence);
  }

  /** Ends what was aborted, and forgets what is over. */
  #clear(): void {
    if (!this.#leaving) return;
    this.#leaving = false;
    for (const sequence of [...this.#running, ...this.#waiting]) if (sequence.aborted) this.#finish(sequence, "abort");
    this.#running = this.#running.filter(({ state }) => state === "running");
    this.#waiting = this.#waiting.filter(({ state }) => state === "waiting");
  }
}
