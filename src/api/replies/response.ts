/** Answers of /v1/responses, in their smallest form: one message of text. */
import type { Generation } from "../../serve/index.ts";
import { type Frame, finishOf, gathered, hasFailed, merged } from "./reply.ts";
import { usageOf } from "./usage.ts";

/** What an answer is written from. */
export interface ResponseReply {
  readonly generation: Generation;
  readonly id: string;
  readonly messageId: string;
  readonly created: number;
  readonly model: string;
  /** What the request said that the answer repeats. */
  readonly said: Readonly<Record<string, unknown>>;
  /** Of the request: aborted with an ApiError that says why. */
  readonly signal: AbortSignal;
}

type Status = "in_progress" | "completed" | "incomplete";

/** The whole answer. */
export async function responseJson(reply: ResponseReply): Promise<object> {
  const all = await gathered(merged([reply.generation]));
  const { text = "", reason = "stop" } = all.of(0, 0) ?? {};
  return responseObject(reply, finishOf(reason, reply.signal) === "stop" ? "completed" : "incomplete", text);
}

/** The answer as events: begun, what it adds, done. */
export async function* responseFrames(reply: ResponseReply): AsyncGenerator<Frame> {
  const at = { item_id: reply.messageId, output_index: 0, content_index: 0 };
  let number = 0;
  const event = (type: string, more: object): Frame => ({
    event: type,
    data: { type, sequence_number: number++, ...more },
  });
  yield event("response.created", { response: responseObject(reply, "in_progress") });
  yield event("response.in_progress", { response: responseObject(reply, "in_progress") });
  yield event("response.output_item.added", { output_index: 0, item: item(reply, "in_progress") });
  yield event("response.content_part.added", { ...at, part: part("") });
  let text = "";
  let status: Status = "completed";
  for await (const piece of reply.generation) {
    if (hasFailed(piece)) continue;
    text += piece.text;
    if (piece.text !== "") yield event("response.output_text.delta", { ...at, delta: piece.text, logprobs: [] });
    if (piece.finish && finishOf(piece.finish, reply.signal) === "length") status = "incomplete";
  }
  yield event("response.output_text.done", { ...at, text, logprobs: [] });
  yield event("response.content_part.done", { ...at, part: part(text) });
  yield event("response.output_item.done", { output_index: 0, item: item(reply, status, text) });
  yield event(`response.${status}`, { response: responseObject(reply, status, text) });
}

function part(text: string): object {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function item({ messageId }: ResponseReply, status: Status, text?: string): object {
  const content = text === undefined ? [] : [part(text)];
  return { type: "message", id: messageId, status, role: "assistant", content };
}

function responseObject(reply: ResponseReply, status: Status, text?: string): object {
  const { generation, id, created, model, said } = reply;
  const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details } = usageOf([generation]);
  return {
    id,
    object: "response",
    created_at: created,
    status,
    error: null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    model,
    ...said,
    output: text === undefined ? [] : [item(reply, status, text)],
    parallel_tool_calls: true,
    tool_choice: "auto",
    tools: [],
    metadata: {},
    usage:
      text === undefined
        ? null
        : {
            input_tokens: prompt_tokens,
            input_tokens_details: prompt_tokens_details,
            output_tokens: completion_tokens,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens,
          },
  };
}
