/** Requests for an answer in a conversation: /v1/chat/completions. */
import { z } from "zod";
import { samplingFields } from "./sampling.ts";

const textPart = z.object({
  type: z.literal("text", "this model reads text alone: content parts are of type text"),
  text: z.string(),
});

const toolCall = z.object({
  id: z.string().nullish(),
  type: z.literal("function").nullish(),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const message = z.object({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content: z.union([z.string(), z.array(textPart)]).nullish(),
  name: z.string().nullish(),
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().nullish(),
});

const tool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string().min(1),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

/** A tool's call that must come, or a form that the answer must have: what this server cannot promise. */
const named = z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) });

/** The body. */
export const chatBody = z.object({
  ...samplingFields,
  messages: z.array(message).min(1, "at least one message"),
  max_completion_tokens: samplingFields.max_tokens,
  logprobs: z.boolean().nullish(),
  top_logprobs: z.number().int().min(0).max(20).nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: z.union([z.enum(["none", "auto", "required"]), named]).nullish(),
  response_format: z.object({ type: z.enum(["text", "json_object", "json_schema"]) }).nullish(),
  add_generation_prompt: z.boolean().nullish(),
  continue_final_message: z.boolean().nullish(),
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
});

/** A body that was read. */
export type ChatBody = z.infer<typeof chatBody>;
/** One of its messages. */
export type BodyMessage = ChatBody["messages"][number];
/** One of its tools. */
export type BodyTool = z.infer<typeof tool>;
