/** An answer as it is made: text piece by piece, from a conversation. */

import type { LanguageModel } from "./decoder.ts";
import { generate, type Sampling } from "./generate.ts";
import { type ChatMessage, chatSpecials, encodeChat, type Tokenizer } from "./tokenizer/index.ts";

/**
 * Answers the last message of a conversation. Pieces never end within a character.
 * @param sampling its stop tokens besides the end of an answer.
 * @throws RangeError for a conversation that is longer than the model's positions, or special tokens that the tokenizer lacks.
 */
export async function* streamAnswer(
  model: LanguageModel,
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  sampling: Sampling = {},
): AsyncGenerator<string> {
  const prompt = encodeChat(tokenizer, messages, chatSpecials, { addGenerationPrompt: true });
  const stop = [tokenizer.specialId(chatSpecials.eos), ...(sampling.stop ?? [])];
  const text = tokenizer.decodeStream();
  for await (const { token } of generate(model, [prompt], { ...sampling, stop })) {
    const piece = text.push(token);
    if (piece !== "") yield piece;
  }
  const rest = text.end();
  if (rest !== "") yield rest;
}
