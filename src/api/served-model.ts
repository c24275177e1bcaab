/** A model as it is served: its loop, and all that decides how a request becomes tokens. */
import type { Tokenizer } from "../models/index.ts";
import type { EventLoop } from "../platform/platform.ts";
import type { EngineLoop, SamplingOptions } from "../serve/index.ts";
import type { ChatTemplate } from "./chat-template.ts";
import { ApiError } from "./errors.ts";

/** What the protocol needs of a model. */
export interface ServedModel {
  /** As clients name it. */
  readonly name: string;
  /** Seconds since 1970: when it was loaded. */
  readonly created: number;
  readonly loop: EngineLoop;
  /** Tokens of a prompt and its answer together, at most. */
  readonly positions: number;
  /** None for a model that has no conversations. */
  readonly template: ChatTemplate | undefined;
  /** What begins a text, if its tokenizer puts one there. */
  readonly bos: { readonly id: number; readonly text: string } | undefined;
  /** Tokens that end an answer. */
  readonly eos: ReadonlySet<number>;
  /** How the model's makers want tokens to be drawn. */
  readonly defaults: Partial<SamplingOptions>;
  /** The mean of the last layer's hidden states; none for a model that gives none. f32 [width]. */
  readonly embed?: (tokens: readonly number[]) => Promise<Float32Array>;
}

/** Characters that are encoded at once: others' tokens have to wait for so long at most. */
const SLICE = 16_384;

/** A part of a text, and whether special tokens count in it. */
export interface TextPart {
  readonly text: string;
  readonly special: "all" | readonly [];
}

/**
 * The tokens of a text, with a turn for other requests after each slice.
 * @throws ApiError 400 for half a character, or as soon as it has more tokens than the model has positions.
 */
export async function encodeText(
  { loop: { tokenizer }, positions }: ServedModel,
  parts: Iterable<TextPart>,
  macrotask: EventLoop["macrotask"],
  param: string,
): Promise<number[]> {
  const ids: number[] = [];
  const take = (more: readonly number[]): void => {
    for (const id of more) ids.push(id);
    if (ids.length >= positions) throw tooLong(param, ids.length, positions);
  };
  // A token has so many bytes at most, and a character has one at least.
  const most = positions * longestToken(tokenizer);
  try {
    for (const { text, special } of parts) {
      if (text.length > most) throw tooLong(param, Math.ceil(text.length / longestToken(tokenizer)), positions);
      if (text.length <= SLICE) {
        take(tokenizer.encode(text, { allowedSpecial: special }));
        continue;
      }
      const stream = tokenizer.encodeStream({ allowedSpecial: special });
      for (let at = 0; at < text.length; at += SLICE) {
        take(stream.push(text.slice(at, at + SLICE)));
        await new Promise<void>((resolve) => macrotask(resolve));
      }
      take(stream.end());
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ApiError(400, `${param}: ${error.message}.`, { param, code: "invalid_text" }); // half a character
  }
  return ids;
}

function tooLong(param: string, tokens: number, positions: number): ApiError {
  return new ApiError(400, `${param} has at least ${tokens} tokens, and the model ${positions} positions.`, {
    param,
    code: "context_length_exceeded",
  });
}

const longest = new WeakMap<Tokenizer, number>();

/** Bytes of a tokenizer's longest token. */
function longestToken(tokenizer: Tokenizer): number {
  let most = longest.get(tokenizer);
  if (most === undefined) {
    most = 1;
    for (let id = 0; id < tokenizer.vocabularySize; id++) most = Math.max(most, lengthOf(tokenizer, id));
    longest.set(tokenizer, most);
  }
  return most;
}

function lengthOf(tokenizer: Tokenizer, id: number): number {
  try {
    return tokenizer.tokenBytes(id).length;
  } catch {
    return 0; // a hole in the vocabulary
  }
}
