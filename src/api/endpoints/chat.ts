/** POST /v1/chat/completions */
import { ApiError } from "../errors.ts";
import { messagesOf } from "../messages.ts";
import { chatFrames, chatJson } from "../replies/chat.ts";
import type { Reply } from "../replies/reply.ts";
import { chatBody } from "../schema/chat.ts";
import { parseBody } from "../schema/parse.ts";
import { type Asking, noTemplate, refuse, usageMode } from "./asking.ts";

/** Goes on from a conversation, by the model's template. @throws ApiError */
export async function chat(asking: Asking, body: unknown, signal: AbortSignal): Promise<Reply> {
  const fields = parseBody(chatBody, body);
  asking.checkModel(fields.model);
  refuse("response_format", fields.response_format != null && fields.response_format.type !== "text");
  const { tool_choice: choice } = fields;
  refuse("tool_choice", choice != null && choice !== "none" && choice !== "auto");
  const tools = choice === "none" ? [] : (fields.tools ?? []);
  const { template, loop } = asking.model;
  if (!template) throw noTemplate();
  const logprobs = fields.logprobs ? (fields.top_logprobs ?? 0) : undefined;
  if (fields.top_logprobs && !fields.logprobs)
    throw new ApiError(400, "top_logprobs are given with logprobs: true.", { param: "top_logprobs" });
  const continues = fields.continue_final_message ?? false;
  const text = template.render({
    messages: messagesOf(fields.messages),
    tools,
    addGenerationPrompt: fields.add_generation_prompt ?? !continues,
    more: fields.chat_template_kwargs ?? undefined,
  });
  const parts = [...template.pieces(continues ? withoutEnd(text, fields.messages) : text)];
  const prompt = await asking.encode(parts, "messages");
  const most = fields.max_completion_tokens ?? fields.max_tokens;
  const generation = asking.generate({ ...fields, max_tokens: most }, prompt, { logprobs }, signal, "messages");
  const reply = {
    generation,
    choices: fields.n ?? 1,
    tokenizer: loop.tokenizer,
    head: asking.head("chatcmpl"),
    logprobs: logprobs !== undefined,
    tools: tools.length > 0 && template.callsTools,
    usage: usageMode(fields),
    callId: () => `call_${asking.uniqueId()}`,
    signal,
  };
  if (!fields.stream) return { kind: "json", body: await chatJson(reply) };
  return { kind: "stream", frames: chatFrames(reply), done: true };
}

/** A text up to the end of its last message: what a template writes behind it is not for a message that goes on. */
function withoutEnd(text: string, messages: readonly { readonly content?: unknown }[]): string {
  const last = messages[messages.length - 1].content;
  const content = typeof last === "string" ? last.trimEnd() : "";
  const at = text.lastIndexOf(content);
  return content === "" || at < 0 ? text : text.slice(0, at + content.length);
}
