/** /v1/embeddings: the mean of the last layer's hidden states, of length 1. */
import { ApiError } from "../errors.ts";
import type { Reply } from "../replies/reply.ts";
import { embeddingBody } from "../schema/others.ts";
import { parseBody } from "../schema/parse.ts";
import { promptsOf } from "../texts.ts";
import type { Asking } from "./asking.ts";

/** Vectors, one for each string. @throws ApiError; the signal's reason, which ends it between two strings. */
export async function embeddings(asking: Asking, body: unknown, signal: AbortSignal): Promise<Reply> {
  const { input, model: name, encoding_format: format, dimensions } = parseBody(embeddingBody, body);
  const { model, macrotask } = asking;
  asking.checkModel(name);
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
  const usage = { prompt_tokens: total, total_tokens: total };
  return { kind: "json", body: { object: "list", data, model: model.name, usage } };
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
