/** POST /tokenize and /detokenize, as vLLM has them. */
import { ApiError } from "../errors.ts";
import type { Reply } from "../replies/reply.ts";
import { detokenizeBody, tokenizeBody } from "../schema/others.ts";
import { parseBody } from "../schema/parse.ts";
import { promptsOf } from "../texts.ts";
import type { Asking } from "./asking.ts";

/** A string's tokens. @throws ApiError */
export async function tokenize(asking: Asking, body: unknown): Promise<Reply> {
  const { prompt, add_special_tokens: begins } = parseBody(tokenizeBody, body);
  const [tokens] =
    (begins ?? true)
      ? await promptsOf(prompt, asking.model, asking.macrotask, "prompt", true)
      : [await asking.encode([{ text: prompt, special: "all" }], "prompt")];
  const { positions } = asking.model;
  return { kind: "json", body: { count: tokens.length, max_model_len: positions, tokens } };
}

/** The string of tokens. @throws ApiError for one that the model has not. */
export async function detokenize(asking: Asking, body: unknown): Promise<Reply> {
  const { tokens } = parseBody(detokenizeBody, body);
  const { tokenizer } = asking.model.loop;
  const wrong = tokens.find((token) => token >= tokenizer.vocabularySize);
  if (wrong !== undefined) {
    const message = `tokens: ${wrong} is no token: they are 0 to ${tokenizer.vocabularySize - 1}.`;
    throw new ApiError(400, message, { param: "tokens", code: "invalid_token" });
  }
  return { kind: "json", body: { prompt: tokenizer.decode(tokens) } };
}
