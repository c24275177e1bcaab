/** POST /v1/responses */
import { messagesOf } from "../messages.ts";
import type { Reply } from "../replies/reply.ts";
import { responseFrames, responseJson } from "../replies/response.ts";
import { responseBody } from "../schema/others.ts";
import { parseBody } from "../schema/parse.ts";
import { type Asking, noTemplate, refuse } from "./asking.ts";

/** OpenAI's responses in their smallest form: strings in, one message out, nothing kept. @throws ApiError */
export async function response(asking: Asking, body: unknown, signal: AbortSignal): Promise<Reply> {
  const fields = parseBody(responseBody, body);
  asking.checkModel(fields.model);
  refuse("previous_response_id", fields.previous_response_id != null);
  refuse("text.format", fields.text?.format != null && fields.text.format.type !== "text");
  const { template, name } = asking.model;
  if (!template) throw noTemplate();
  const { input, instructions } = fields;
  const said = typeof input === "string" ? [{ role: "user" as const, content: input }] : input;
  const messages = said.map(({ role, content }) => ({
    role,
    content: typeof content === "string" ? content : content.map(({ text }) => text).join(""),
  }));
  if (instructions != null) messages.unshift({ role: "system", content: instructions });
  const text = template.render({ messages: messagesOf(messages), addGenerationPrompt: true });
  const prompt = await asking.encode([...template.pieces(text)], "input");
  const asked = { ...fields, max_tokens: fields.max_output_tokens };
  const { id, created } = asking.head("resp");
  const reply = {
    generation: asking.generate(asked, prompt, {}, signal, "input"),
    id: id.replace("-", "_"),
    messageId: `msg_${asking.uniqueId()}`,
    created,
    model: name,
    said: {
      instructions: instructions ?? null,
      max_output_tokens: fields.max_output_tokens ?? null,
      temperature: fields.temperature ?? asking.model.defaults.temperature ?? 1,
      top_p: fields.top_p ?? asking.model.defaults.topP ?? 1,
    },
    signal,
  };
  if (!fields.stream) return { kind: "json", body: await responseJson(reply) };
  return { kind: "stream", frames: responseFrames(reply), done: false };
}
