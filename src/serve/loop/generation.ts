/** One request on its way: what its choices give, piece by piece, and what it took. */
import type { FinishReason, RequestEvents, Sampled } from "../engine/request.ts";
import { ChoiceText, type OutputPart } from "./choice-text.ts";
import { PieceQueue } from "./piece-queue.ts";

/** A piece of one choice. */
export interface OutputPiece extends OutputPart {
  readonly choice: number;
  /** Why the choice has ended with this piece; none while it goes on. */
  readonly finish?: FinishReason;
  /** The stop string that has ended it. */
  readonly stopped?: string;
}

/** When what happened to a request, in milliseconds of the loop's clock. */
export interface RequestTimes {
  /** It was taken. */
  readonly queued: number;
  /** It was in a step for the first time. */
  readonly scheduled?: number;
  /** Its first token was there. */
  readonly first?: number;
  /** Its last choice ended. */
  readonly finished?: number;
}

/** How a generation becomes text, and whom it tells. */
export interface GenerationOptions {
  readonly choices: number;
  readonly promptTokens: number;
  /** Bytes of a token in the text. */
  readonly bytesOf: (token: number) => Uint8Array;
  readonly stops: readonly string[];
  readonly includeStop: boolean;
  readonly now: () => number;
  /** Its reader wants no more of it. */
  readonly onLeave: () => void;
  /** A choice has one more token. @param gap milliseconds since its last one. */
  readonly onToken: (generation: Generation, gap: number | undefined) => void;
  /** Its last choice has ended. */
  readonly onEnd: (generation: Generation) => void;
}

/** The pieces of a request's choices, in the order in which they came; read once, by `for await`. Leaving the loop aborts it. */
export class Generation implements AsyncIterable<OutputPiece> {
  /** Tokens of the prompt. */
  readonly promptTokens: number;
  readonly #options: GenerationOptions;
  readonly #texts: readonly ChoiceText[];
  readonly #reasons: (FinishReason | undefined)[];
  readonly #queue: PieceQueue<OutputPiece>;
  readonly #queued: number;
  readonly #scored: Sampled[] = [];
  /** By choice: when its last token came. */
  readonly #last: (number | undefined)[] = [];
  #scheduled: number | undefined;
  #first: number | undefined;
  #finished: number | undefined;
  #completionTokens = 0;
  #cachedTokens = 0;
  #failure: unknown;

  /** @throws RangeError for an empty stop string. */
  constructor(options: GenerationOptions) {
    const { choices, promptTokens, now, onLeave } = options;
    this.#options = options;
    this.promptTokens = promptTokens;
    this.#texts = Array.from({ length: choices }, () => new ChoiceText(options));
    this.#reasons = Array(choices).fill(undefined);
    this.#queue = new PieceQueue(onLeave);
    this.#queued = now();
  }

  /** New tokens of all choices, those that ended one included. */
  get completionTokens(): number {
    return this.#completionTokens;
  }

  /** Tokens of the prompt that came from the cache. */
  get cachedTokens(): number {
    return this.#cachedTokens;
  }

  /** Log-probabilities of the prompt's tokens, where they were asked for and as far as they are there. The first has none. */
  get scored(): readonly Sampled[] {
    return this.#scored;
  }

  /** Why each choice has ended. */
  get reasons(): readonly (FinishReason | undefined)[] {
    return this.#reasons;
  }

  /** When what happened. */
  get times(): RequestTimes {
    return { queued: this.#queued, scheduled: this.#scheduled, first: this.#first, finished: this.#finished };
  }

  /** What the engine tells. */
  get events(): RequestEvents {
    return {
      onToken: (choice, sampled) => this.#token(choice, sampled),
      onPrompt: (_, scored) => this.#scored.push(...scored),
      onScheduled: (_, cached) => this.#schedule(cached),
      onFinish: (choice, reason, error) => this.#finish(choice, reason, error),
    };
  }

  /** The engine is lost, and with it all choices that have not ended. */
  lose(error: unknown): void {
    for (const [choice, reason] of this.#reasons.entries()) if (!reason) this.#finish(choice, "error", error);
  }

  [Symbol.asyncIterator](): AsyncIterator<OutputPiece> {
    return this.#queue;
  }

  #schedule(cached: number): void {
    if (this.#scheduled !== undefined) return; // what is found after a preemption is its own
    this.#scheduled = this.#options.now();
    this.#cachedTokens = cached;
  }

  #token(choice: number, sampled: Sampled): boolean {
    const now = this.#options.now();
    this.#first ??= now;
    const last = this.#last[choice];
    this.#last[choice] = now;
    this.#options.onToken(this, last === undefined ? undefined : now - last);
    this.#completionTokens++;
    const text = this.#texts[choice];
    const part = text.push(sampled);
    const { stopped } = text;
    if (stopped !== undefined) this.#queue.push({ choice, ...part, finish: "stop", stopped });
    else if (part.text !== "" || part.tokens.length > 0) this.#queue.push({ choice, ...part });
    return stopped === undefined;
  }

  #finish(choice: number, reason: FinishReason, error?: unknown): void {
    this.#failure ??= error;
    this.#reasons[choice] = reason;
    const text = this.#texts[choice];
    // A stop string has said so with its last piece; any other "stop" is a token that is not given.
    if (reason === "stop" && text.stopped === undefined) this.#completionTokens++;
    if (text.stopped === undefined) this.#queue.push({ choice, ...text.end(), finish: reason });
    if (this.#reasons.includes(undefined)) return;
    this.#finished = this.#options.now();
    const failed = this.#reasons.includes("error");
    this.#queue.end(failed ? { error: this.#failure ?? new Error("The step that it was in has failed.") } : undefined);
    this.#options.onEnd(this);
  }
}
