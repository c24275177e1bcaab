/** Requests for a text that goes on, for vectors, for tokens, and the small form of OpenAI's responses. */
import { z } from "zod";
import { samplingFields } from "./sampling.ts";

const token = z.number().int("expected the id of a token").min(0, "expected the id of a token");
const tokens = z.array(token).min(1, "at least one token");

/** One text or several, as strings or as tokens. */
const texts = z.union([z.string(), z.array(z.string()).min(1, "at least one text"), tokens, z.array(tokens).min(1)]);

/** /v1/completions */
export const completionBody = z.object({
  ...samplingFields,
  prompt: texts,
  suffix: z.string().nullish(),
  echo: z.boolean().nullish(),
  logprobs: z.number().int().min(0).max(5).nullish(),
  best_of: z.number().int().min(1).nullish(),
});
/** A body that was read. */
export type CompletionBody = z.infer<typeof completionBody>;

/** /v1/embeddings */
export const embeddingBody = z.object({
  model: z.string().nullish(),
  input: texts,
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.number().int().nullish(),
});

/** /tokenize */
export const tokenizeBody = z.object({
  prompt: z.string(),
  add_special_tokens: z.boolean().nullish(),
});

/** /detokenize */
export const detokenizeBody = z.object({ tokens: z.array(token) });

const inputPart = z.object({
  type: z.enum(["input_text", "output_text", "text"], "this model reads text alone"),
  text: z.string(),
});
const inputMessage = z.object({
  type: z.literal("message").nullish(),
  role: z.enum(["system", "developer", "user", "assistant"]),
  content: z.union([z.string(), z.array(inputPart)]),
});

/** /v1/responses */
export const responseBody = z.object({
  model: z.string().nullish(),
  input: z.union([z.string(), z.array(inputMessage).min(1)]),
  instructions: z.string().nullish(),
  max_output_tokens: z.number().int().min(1).nullish(),
  temperature: samplingFields.temperature,
  top_p: samplingFields.top_p,
  stream: z.boolean().nullish(),
  previous_response_id: z.string().nullish(),
  text: z.object({ format: z.object({ type: z.string() }).nullish() }).nullish(),
  tools: z.array(z.unknown()).nullish(),
});
/** A body that was read. */
export type ResponseBody = z.infer<typeof responseBody>;
