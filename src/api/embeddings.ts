/** /v1/embeddings: the mean of the last layer's hidden states, of length 1. */
import type { EventLoop } from "../platform/platform.ts";
import { ApiError } from "./errors.ts";
import { embeddingBody } from "./schema/others.ts";
import { parseBody } from "./schema/parse.ts";
import type { ServedModel } from "./served-model.ts";
import { promptsOf } from "./texts.ts";

/** @param named throws for a model that is not there. @param signal ends it between two strings, with the reason that it has. */
export async function embeddings(
  body: unknown,
  model: ServedModel,
  macrotask: EventLoop["macrotask"],
  named: (model: string | null | undefined) => void,
  signal: AbortSignal,
): Promise<object> {
  const { input, model: name, encoding_format: format, dimensions } = parseBody(embeddingBody, body);
  named(name);
  const { embed, positions } = model;
  if (!embed) throw new ApiError(400, "This model gives no embeddings.", { code: "unsupported_parameter" });
  if (dimensions != null) {
    const message = "dimensions is asked for, and vectors have the model's width here. Leave it out.";
    throw new ApiError(400, message, { param: "dimensions", code: "unsupported_parameter" });
  }
  const texts = await promptsOf(input, model, macrotask, "input");
  const { vocabularySize } = model.loop.tokenizer;
  for (const tokens of texts) {
    const wrong = tokens.find((token) => token >= vocabularySize);
    const fault =
      wrong !== undefined
        ? `${wrong} is no token: they are 0 to ${vocabularySize - 1}.`
        : tokens.length > positions
          ? `${tokens.length} tokens, and the model has ${positions} positions.`
          : undefined;
    if (fault) throw new ApiError(400, `input: ${fault}`, { param: "input", code: "invalid_value" });
  }
  const data: object[] = [];
  let total = 0;
  for (const [index, tokens] of texts.entries()) {
    signal.throwIfAborted();
    const vector = unit(await embed(tokens));
    data.push({ object: "embedding", index, embedding: format === "base64" ? base64(vector) : [...vector] });
    total += tokens.length;
  }
  return { object: "list", data, model: model.name, usage: { prompt_tokens: total, total_tokens: total } };
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? vector.map((value) => value / length) : vector;
}

/** Little-endian f32, as OpenAI's client asks for it. */
function base64(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
