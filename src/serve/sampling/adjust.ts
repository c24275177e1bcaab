/** What changes logits before a token is drawn: penalties for what was there before, and biases. */
import type { SamplingOptions } from "../engine/request.ts";

/**
 * Changes logits in place, in this order: the repetition penalty over the prompt and what was drawn (CTRL, Keskar et al.,
 * 2019), frequency and presence penalties over what was drawn (OpenAI's), then biases.
 * @param tokens the prompt's, and those that were drawn. @param promptLength how many are the prompt's.
 */
export function adjustLogits(
  logits: Float32Array,
  { repetitionPenalty, frequencyPenalty, presencePenalty, bias }: SamplingOptions,
  tokens: readonly number[],
  promptLength: number,
): void {
  if (repetitionPenalty !== 1) {
    for (const token of new Set(tokens))
      logits[token] = logits[token] > 0 ? logits[token] / repetitionPenalty : logits[token] * repetitionPenalty;
  }
  if (frequencyPenalty !== 0 || presencePenalty !== 0) {
    const counts = new Map<number, number>();
    for (let i = promptLength; i < tokens.length; i++) counts.set(tokens[i], (counts.get(tokens[i]) ?? 0) + 1);
    for (const [token, count] of counts) logits[token] -= frequencyPenalty * count + presencePenalty;
  }
  for (const [token, added] of bias) logits[token] += added;
}

/** Whether logits stay as they are. */
export function isPlain({ repetitionPenalty, frequencyPenalty, presencePenalty, bias }: SamplingOptions): boolean {
  return repetitionPenalty === 1 && frequencyPenalty === 0 && presencePenalty === 0 && bias.size === 0;
}
