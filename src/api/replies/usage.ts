/** What a request took, as OpenAI counts it. */
import type { Generation } from "../../serve/index.ts";

/** Tokens of one or more generations. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

/** Sums; each prompt counts once, however many choices it has. */
export function usageOf(generations: readonly Generation[]): Usage {
  const sum = (of: (generation: Generation) => number): number =>
    generations.reduce((total, each) => total + of(each), 0);
  const [prompt, completion] = [
    sum(({ promptTokens }) => promptTokens),
    sum(({ completionTokens }) => completionTokens),
  ];
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: sum(({ cachedTokens }) => cachedTokens) },
  };
}
