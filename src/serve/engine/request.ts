/** What is asked of the engine: a prompt, how to go on from it, and when to stop. */

/** How the next token is chosen from the model's logits. */
export interface SamplingOptions {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** The most likely tokens that may be drawn; 0 for all. */
  readonly topK: number;
  /** The smallest set of tokens that have this probability together; 1 for all. */
  readonly topP: number;
  /** Tokens less likely than this share of the most likely one are not drawn; 0 for all. */
  readonly minP: number;
  /** Logits of tokens that were there before are divided by it, or multiplied where negative; 1 for none (CTRL). */
  readonly repetitionPenalty: number;
  /** Subtracted for each time that a token was given before. */
  readonly frequencyPenalty: number;
  /** Subtracted once if a token was given before. */
  readonly presencePenalty: number;
  /** Added to logits, by token. */
  readonly bias: ReadonlyMap<number, number>;
  /** Draws are a function of it, the choice and the place, and of nothing else. */
  readonly seed: number;
  /** Alternatives to give log-probabilities of; undefined for none at all. */
  readonly logprobs: number | undefined;
}

/** Why a choice has ended. */
export type FinishReason = "stop" | "length" | "abort" | "error";

/** A token of a choice, with the log-probabilities that were asked for. */
export interface Sampled {
  readonly token: number;
  readonly logprob?: number;
  /** The most likely tokens at this place. */
  readonly top?: readonly { readonly token: number; readonly logprob: number }[];
}

/** What the engine tells whoever asked. What throws in `onPrompt` or `onToken` ends its request with "error", and no other. */
export interface RequestEvents {
  /** Its prompt is run from this step on; once more after each preemption. @param cached tokens that the cache had. */
  onScheduled?(choice: number, cached: number): void;
  /** Its pages were needed by others: it waits, and its tokens so far will be run once more. */
  onPreempted?(choice: number): void;
  /**
   * Log-probabilities of prompt tokens, where they were asked for: each place comes once, in order, however often the prompt
   * is run. The first token has none. @param from place of the first one.
   */
  onPrompt?(from: number, scored: readonly Sampled[]): void;
  /** A choice has one more token. @returns whether it goes on; false ends it with "stop", as its text has a stop string. */
  onToken(choice: number, sampled: Sampled): boolean;
  /** A choice has ended. @param error why, where the reason is "error". */
  onFinish(choice: number, reason: FinishReason, error?: unknown): void;
}

/** A request. */
export interface EngineRequest {
  /** Token ids, at least one. */
  readonly prompt: readonly number[];
  /** Most new tokens of each choice; as many as there is room for if not given. None only where the prompt is scored. */
  readonly maxTokens?: number;
  /** New tokens before a stop token may end a choice. */
  readonly minTokens?: number;
  /** Tokens that end a choice; they are not given. */
  readonly stopTokens?: ReadonlySet<number>;
  /** Choices, each drawn for itself from the same prompt. */
  readonly choices?: number;
  /** The smaller, the sooner; 0 if not given. Of equals, who came first. */
  readonly priority?: number;
  readonly sampling?: Partial<SamplingOptions>;
  /**
   * Asks for the log-probability of each prompt token behind those before it, with so many alternatives. That takes the logits
   * of the whole prompt, so none of it comes from the cache.
   */
  readonly promptLogprobs?: number;
  /** Whether its prompt may come from the cache, and stay there. */
  readonly cache?: boolean;
  readonly events: RequestEvents;
}

/** What is drawn greedily, without any penalty. */
export const greedy: SamplingOptions = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  bias: new Map(),
  seed: 0,
  logprobs: undefined,
};

/** A request that the engine will not take: it is wrong, or could never end. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  /** A word for programs, as OpenAI's `code`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
