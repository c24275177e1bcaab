/** One text or several, as strings or as tokens, as prompts. */
import type { EventLoop } from "../platform/platform.ts";
import { ApiError } from "./errors.ts";
import { encodeText, type ServedModel } from "./served-model.ts";

/** What clients send. */
export type Texts = string | readonly string[] | readonly number[] | readonly (readonly number[])[];

/**
 * Their tokens. A text begins with the model's first token where its tokenizer puts one there, and never with two.
 * @param mayBeEmpty whether a text without any token is none of our business.
 * @throws ApiError 400 for an empty prompt, and as encodeText does.
 */
export async function promptsOf(
  texts: Texts,
  model: ServedModel,
  macrotask: EventLoop["macrotask"],
  param: string,
  mayBeEmpty = false,
): Promise<(readonly number[])[]> {
  if (typeof texts === "string") return [await promptOf(texts, model, macrotask, param, mayBeEmpty)];
  if (isTokens(texts)) return [texts];
  const prompts: (readonly number[])[] = [];
  for (const [i, text] of (texts as readonly (string | readonly number[])[]).entries())
    prompts.push(typeof text === "string" ? await promptOf(text, model, macrotask, `${param}.${i}`, mayBeEmpty) : text);
  return prompts;
}

function isTokens(texts: Exclude<Texts, string>): texts is readonly number[] {
  return typeof texts[0] === "number";
}

async function promptOf(
  text: string,
  model: ServedModel,
  macrotask: EventLoop["macrotask"],
  param: string,
  mayBeEmpty: boolean,
): Promise<number[]> {
  const ids = await encodeText(model, [{ text, special: "all" }], macrotask, param);
  const { bos } = model;
  if (bos && ids[0] !== bos.id) ids.unshift(bos.id);
  if (ids.length === 0 && !mayBeEmpty) {
    const message = `${param} has no token, and this model begins a text with none of its own.`;
    throw new ApiError(400, message, { param, code: "empty_prompt" });
  }
  return ids;
}
