/**
 * A sequence: the tokens of one choice of a request, and how many of them have keys and values in pages. Its state is one
 * field, and each change of it is checked.
 */
import { type EngineRequest, greedy, type SamplingOptions } from "./request.ts";
import type { Draw, Scores } from "./runner.ts";

/** Where a sequence is. */
export type SequenceState = "waiting" | "running" | "finished";

const changes: Readonly<Record<SequenceState, readonly SequenceState[]>> = {
  waiting: ["running", "finished"],
  running: ["waiting", "finished"],
  finished: [],
};

/** One choice of a request, from its prompt on. */
export class Sequence {
  /** What was asked for. */
  readonly request: EngineRequest;
  /** Number of the request: who came first has the smaller one. */
  readonly order: number;
  /** Which of the request's choices it is, from 0. */
  readonly choice: number;
  /** Most tokens with the prompt. */
  readonly most: number;
  readonly #sampling: SamplingOptions;
  readonly #tokens: number[];
  readonly #table: number[] = [];
  #state: SequenceState = "waiting";
  #computed = 0;
  #cached = 0;
  #preemptions = 0;
  #branches: number;
  /** Prompt tokens that were scored. */
  #scored: number;
  #aborted = false;
  #draws: readonly Draw[] | undefined;

  constructor(request: EngineRequest, order: number, choice: number, most: number, tokens: readonly number[]) {
    this.request = request;
    this.order = order;
    this.choice = choice;
    this.most = most;
    this.#tokens = [...tokens];
    this.#sampling = { ...greedy, ...request.sampling };
    this.#branches = choice === 0 ? (request.choices ?? 1) - 1 : 0;
    this.#scored = choice === 0 && request.promptLogprobs !== undefined ? 0 : request.prompt.length;
  }

  /** Whether it waits, runs or is over. */
  get state(): SequenceState {
    return this.#state;
  }

  /** The prompt, and what was drawn. */
  get tokens(): readonly number[] {
    return this.#tokens;
  }

  /** Its pages, in the order of its tokens: the block table. */
  get table(): readonly number[] {
    return this.#table;
  }

  /** Tokens that have keys and values in pages. */
  get computed(): number {
    return this.#computed;
  }

  /** Tokens that are to be run before the next one can be drawn: one while it decodes. */
  get pending(): number {
    return this.#tokens.length - this.#computed;
  }

  /** Tokens that came from the cache when it began last. */
  get cached(): number {
    return this.#cached;
  }

  /** How often it had to give its pages back. */
  get preemptions(): number {
    return this.#preemptions;
  }

  /** Choices that begin beside it once the prompt has been run. */
  get branches(): number {
    return this.#branches;
  }

  /** Prompt tokens that have their log-probabilities, or want none. */
  get scored(): number {
    return this.#scored;
  }

  /** Whether log-probabilities of its prompt are still to come. */
  get isScoring(): boolean {
    return this.#scored < this.request.prompt.length;
  }

  /** Tokens that may come from the cache: all but the last, and none whose logits are wanted; they have to be run. */
  get findable(): number {
    if (this.request.cache === false) return 0;
    return this.isScoring ? Math.max(0, this.#scored - 1) : this.#tokens.length - 1;
  }

  /** What is drawn when all its tokens have been run: its next one, and the first ones of the choices that begin beside it. */
  get draws(): readonly Draw[] {
    if (this.#tokens.length >= this.most) return [];
    this.#draws ??= Array.from({ length: 1 + this.#branches }, (_, i) => ({
      sampling: this.#sampling,
      choice: this.choice + i,
      tokens: this.#tokens,
      promptLength: this.request.prompt.length,
    }));
    return this.#draws;
  }

  /** Whether nobody wants it any more; it is over with the step that it is in. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** New tokens so far. */
  get drawn(): number {
    return this.#tokens.length - this.request.prompt.length;
  }

  /** It runs from here on. @param pages that it has found in the cache, and holds. */
  begin(pages: readonly number[], pageSize: number): void {
    this.#become("running");
    this.#table.push(...pages);
    this.#computed = pages.length * pageSize;
    this.#cached = this.#computed;
  }

  /** The prompt has been run: the other choices begin with what it has computed. @returns them; they share its pages. */
  branch(): Sequence[] {
    const count = this.#branches;
    this.#branches = 0;
    this.#draws = undefined;
    return Array.from({ length: count }, (_, i) => {
      const other = new Sequence(this.request, this.order, i + 1, this.most, this.#tokens);
      other.#become("running");
      other.#table.push(...this.#table);
      other.#computed = this.#computed;
      other.#cached = this.#cached;
      return other;
    });
  }

  /** Nobody wants it any more. */
  abort(): void {
    this.#aborted = true;
  }

  /** Has one more page. */
  addPage(page: number): void {
    this.#table.push(page);
  }

  /** Has another page at a place of its table. */
  replacePage(place: number, page: number): void {
    this.#table[place] = page;
  }

  /** So many of its pending tokens were run. */
  advance(count: number): void {
    if (count > this.pending) throw new Error(`${count} tokens of a sequence were run that had ${this.pending}.`);
    this.#computed += count;
  }

  /** What is asked of the prompt's log-probabilities when so many of its pending tokens are run. */
  scores(count: number): Scores | undefined {
    const { prompt, promptLogprobs: top } = this.request;
    const first = Math.max(1, this.#scored); // the first token is behind none
    const end = Math.min(this.#computed + count + 1, prompt.length);
    if (!this.isScoring || top === undefined || first >= end) return undefined;
    return { from: first - 1 - this.#computed, tokens: prompt.slice(first, end), top };
  }

  /** So many more prompt tokens have their log-probabilities. */
  score(count: number): void {
    this.#scored += count;
  }

  /** One more token was drawn. */
  append(token: number): void {
    this.#tokens.push(token);
  }

  /** Gives its pages back and waits to be run from the beginning. @returns the pages. */
  preempt(): number[] {
    this.#become("waiting");
    this.#preemptions++;
    this.#computed = 0;
    return this.#table.splice(0);
  }

  /** It is over, and with it the choices that were to begin beside it. @returns its pages. */
  finish(): number[] {
    this.#become("finished");
    return this.#table.splice(0);
  }

  #become(state: SequenceState): void {
    if (!changes[this.#state].includes(state)) throw new Error(`A sequence that is ${this.#state} cannot be ${state}.`);
    this.#state = state;
  }
}

/** Who comes first: the smaller priority, then the earlier request, then the smaller choice. */
export function before(a: Sequence, b: Sequence): number {
  return (a.request.priority ?? 0) - (b.request.priority ?? 0) || a.order - b.order || a.choice - b.choice;
}
