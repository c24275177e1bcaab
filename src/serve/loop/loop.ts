/**
 * Turns an engine while it has work, and gives whoever asks the text of the answer piece by piece. Between two steps the
 * thread's event loop has its turn: connections are served while tokens are made.
 */
import type { Tokenizer } from "../../models/index.ts";
import type { EventLoop } from "../../platform/platform.ts";
import type { Engine } from "../engine/engine.ts";
import { type EngineRequest, RequestError } from "../engine/request.ts";
import type { StepReport } from "../engine/stats.ts";
import { Generation } from "./generation.ts";
import { Pauses } from "./pauses.ts";

/** What is asked of the loop: what is asked of an engine, and what becomes of the tokens. */
export interface GenerateRequest extends Omit<EngineRequest, "events"> {
  /** Strings that end a choice. */
  readonly stops?: readonly string[];
  /** Whether the stop string is part of the text; false if not given. */
  readonly includeStop?: boolean;
  /** Whether special tokens are left out of the text; true if not given. */
  readonly skipSpecialTokens?: boolean;
  /** Aborts it. */
  readonly signal?: AbortSignal;
}

/** What a loop is made of. */
export interface LoopOptions {
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  /** How the event loop gets its turn, where the platform has a way of its own. */
  readonly macrotask?: EventLoop["macrotask"];
  /** Milliseconds; of `performance` if not given. */
  readonly now?: () => number;
  /** Most requests that wait; 1,024 if not given. */
  readonly maxWaiting?: number;
}

/** Who watches a loop. */
export interface LoopWatcher {
  /** A step is over. @param duration milliseconds. */
  onStep?(report: StepReport, duration: number): void;
  /** A request has been taken. */
  onRequest?(generation: Generation): void;
  /** One of its choices has one more token. @param gap milliseconds since that choice's last one. */
  onToken?(generation: Generation, gap: number | undefined): void;
  /** Its last choice has ended. */
  onEnd?(generation: Generation): void;
}

/** An engine that turns. */
export class EngineLoop {
  /** What it turns; nobody else steps it. */
  readonly engine: Engine;
  /** Of its model. */
  readonly tokenizer: Tokenizer;
  readonly #macrotask: EventLoop["macrotask"] | undefined;
  readonly #now: () => number;
  readonly #maxWaiting: number;
  readonly #watchers = new Set<LoopWatcher>();
  readonly #open = new Set<Generation>();
  readonly #nothing = new Uint8Array(0);
  readonly #special: ReadonlySet<number>;
  #turning: Promise<void> | undefined;
  #closing = false;
  #failure: unknown;

  constructor({ engine, tokenizer, macrotask, now = () => performance.now(), maxWaiting = 1024 }: LoopOptions) {
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.#macrotask = macrotask;
    this.#now = now;
    this.#maxWaiting = maxWaiting;
    this.#special = new Set(tokenizer.specialTokens.values());
  }

  /** Why the engine turns no more; none while it does. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Requests that are not over. */
  get open(): ReadonlySet<Generation> {
    return this.#open;
  }

  /** @returns what ends the watching. */
  watch(watcher: LoopWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Takes a request.
   * @throws RequestError for what is wrong or could never end, when too many wait ("queue_full"), when the loop is closing
   *   ("closing") or its engine has failed ("failed").
   */
  generate(request: GenerateRequest): Generation {
    if (this.#failure !== undefined)
      throw new RequestError("failed", "The engine has failed and takes no more requests: it has to be started anew.");
    if (this.#closing) throw new RequestError("closing", "The engine is shutting down and takes no more requests.");
    if (this.engine.waiting.length >= this.#maxWaiting)
      throw new RequestError("queue_full", `${this.#maxWaiting} requests wait already. Try again later.`);
    const { stops = [], includeStop = false, skipSpecialTokens = true, signal, prompt, choices = 1 } = request;
    let order: number | undefined;
    const abort = (): void => {
      if (order !== undefined) this.engine.abort(order);
    };
    const generation = new Generation({
      choices,
      promptTokens: prompt.length,
      bytesOf: (token) => this.#bytesOf(token, skipSpecialTokens),
      stops,
      includeStop,
      now: this.#now,
      onLeave: abort,
      onToken: (of, gap) => {
        for (const { onToken } of this.#watchers) onToken?.(of, gap);
      },
      onEnd: (ended) => {
        signal?.removeEventListener("abort", abort);
        this.#open.delete(ended);
        for (const { onEnd } of this.#watchers) onEnd?.(ended);
      },
    });
    order = this.engine.add({ ...request, events: generation.events });
    this.#open.add(generation);
    for (const { onRequest } of this.#watchers) onRequest?.(generation);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    this.#turning ??= this.#turn();
    return generation;
  }

  /** Takes no more requests; those that it has are finished, or aborted. @returns when nothing is left to do. */
  async close({ abort = false } = {}): Promise<void> {
    this.#closing = true;
    if (abort) for (const { order } of [...this.engine.running, ...this.engine.waiting]) this.engine.abort(order);
    await this.#turning;
  }

  async #turn(): Promise<void> {
    const pauses = new Pauses(this.#macrotask);
    try {
      await pauses.next(); // requests that come together begin together
      while (this.engine.hasWork) {
        const start = this.#now();
        const step = this.engine.step().then((report) => {
          const duration = this.#now() - start;
          for (const { onStep } of this.#watchers) onStep?.(report, duration);
        });
        step.catch(() => {}); // thrown where it is awaited
        await pauses.next(); // what the last step gave goes out, and others come in, while the device works
        await step;
      }
    } catch (error) {
      this.#failure = error;
      for (const generation of [...this.#open]) generation.lose(error);
    } finally {
      pauses.close();
      this.#turning = undefined;
    }
  }

  #bytesOf(token: number, skipSpecialTokens: boolean): Uint8Array {
    return skipSpecialTokens && this.#special.has(token) ? this.#nothing : this.tokenizer.tokenBytes(token);
  }
}
