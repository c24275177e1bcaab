/** What the engine refuses at once: a request that is wrong, or that could never end. */
import type { PagePool } from "../pages/pool.ts";
import { type EngineRequest, RequestError } from "./request.ts";
import type { Runner } from "./runner.ts";
import type { SchedulerOptions } from "./scheduler.ts";

/** @returns the most tokens that each of its choices may have, with the prompt. @throws RequestError. */
export function checkRequest(
  { prompt, maxTokens, choices = 1, promptLogprobs }: EngineRequest,
  runner: Runner,
  pool: PagePool,
  { maxSequences }: SchedulerOptions,
): number {
  const slots = pool.pages * pool.pageSize;
  const room = Math.min(runner.positions, slots);
  const whose = slots < runner.positions ? `the ${pool.pages} pages of keys and values` : "the model's positions";
  if (prompt.length === 0)
    throw new RequestError("empty_prompt", "The prompt has no token: there is nothing to go on from.");
  const wrong = prompt.find((token) => !Number.isSafeInteger(token) || token < 0 || token >= runner.vocabularySize);
  if (wrong !== undefined)
    throw new RequestError("invalid_token", `${wrong} is no token: they are 0 to ${runner.vocabularySize - 1}.`);
  if (promptLogprobs !== undefined && !(Number.isSafeInteger(promptLogprobs) && promptLogprobs >= 0))
    throw new RequestError("invalid_prompt_logprobs", `${promptLogprobs} alternatives: it is a whole number from 0.`);
  const least = promptLogprobs === undefined ? 1 : 0;
  if (maxTokens !== undefined && !(Number.isSafeInteger(maxTokens) && maxTokens >= least))
    throw new RequestError(
      "invalid_max_tokens",
      `max_tokens is ${maxTokens}: it is a whole number from 1, or 0 where log-probabilities of the prompt are asked for.`,
    );
  if (!(Number.isSafeInteger(choices) && choices >= 1 && choices <= maxSequences))
    throw new RequestError("invalid_n", `n is ${choices}: it is a whole number from 1 to ${maxSequences}.`);
  if (prompt.length > room || (prompt.length === room && maxTokens !== 0))
    throw new RequestError(
      "context_length_exceeded",
      `The prompt has ${prompt.length} tokens; with one new token, ${room} fit into ${whose}. Send fewer.`,
    );
  if (maxTokens !== undefined && prompt.length + maxTokens > room)
    throw new RequestError(
      "context_length_exceeded",
      `The prompt has ${prompt.length} tokens, and max_tokens asks for ${maxTokens} more; ${room} fit into ${whose}. ` +
        `Ask for at most ${room - prompt.length}.`,
    );
  return maxTokens === undefined ? room : prompt.length + maxTokens;
}
