/** Answers of /v1/chat/completions: whole, or in frames of changes. */
import type { Tokenizer } from "../../models/index.ts";
import type { Generation, OutputPiece } from "../../serve/index.ts";
import { type ToolCall, ToolCallFinder, type ToolPart } from "../tool-calls.ts";
import { chatLogprobs } from "./logprobs.ts";
import { type Frame, finishOf, gathered, hasFailed, merged } from "./reply.ts";
import { usageOf } from "./usage.ts";

/** What an answer is written from. */
export interface ChatReply {
  readonly generation: Generation;
  readonly choices: number;
  readonly tokenizer: Tokenizer;
  /** Of all frames: id, created, model. */
  readonly head: { readonly id: string; readonly created: number; readonly model: string };
  readonly logprobs: boolean;
  /** Whether calls of tools are looked for. */
  readonly tools: boolean;
  /** Whether usage comes in a frame of its own at the end, or with each frame. */
  readonly usage: "none" | "end" | "each";
  /** A new id for a call. */
  readonly callId: () => string;
  /** Of the request: aborted with an ApiError that says why. */
  readonly signal: AbortSignal;
}

/** The whole answer. */
export async function chatJson(reply: ChatReply): Promise<object> {
  const { generation, choices, tokenizer, head, logprobs, tools, callId, signal } = reply;
  const all = await gathered(merged([generation]));
  const list = Array.from({ length: choices }, (_, index) => {
    const { text = "", tokens = [], reason = "stop" } = all.of(0, index) ?? {};
    const finder = new ToolCallFinder();
    const parts: ToolPart[] = tools ? [...finder.push(text), ...finder.end()] : [{ text }];
    const calls = parts.flatMap((part) => ("call" in part ? [callOf(part.call, callId())] : []));
    const content = parts.map((part) => ("text" in part ? part.text : "")).join("");
    return {
      index,
      message: {
        role: "assistant",
        content: calls.length > 0 && content.trim() === "" ? null : content,
        refusal: null,
        ...(calls.length > 0 ? { tool_calls: calls } : {}),
      },
      logprobs: logprobs ? { content: chatLogprobs(tokens, tokenizer), refusal: null } : null,
      finish_reason: finishWith(reason, calls.length, signal),
    };
  });
  return { ...head, object: "chat.completion", system_fingerprint: null, choices: list, usage: usageOf([generation]) };
}

/** The answer in frames: a role with the first piece of each choice, then what it adds, then why it ended. */
export async function* chatFrames(reply: ChatReply): AsyncGenerator<Frame> {
  const { generation, choices, head, usage } = reply;
  const writers = Array.from({ length: choices }, (_, index) => new ChoiceFrames(index, reply));
  const frame = (choice: object[], more: object = {}): Frame => ({
    data: { ...head, object: "chat.completion.chunk", system_fingerprint: null, choices: choice, ...more },
  });
  for await (const piece of generation) {
    if (hasFailed(piece)) continue;
    for (const change of writers[piece.choice].of(piece))
      yield frame([change], usage === "each" ? { usage: usageOf([generation]) } : {});
  }
  if (usage !== "none") yield frame([], { usage: usageOf([generation]) });
}

/** Frames of one choice. */
class ChoiceFrames {
  readonly #index: number;
  readonly #reply: ChatReply;
  readonly #finder = new ToolCallFinder();
  #begun = false;
  #calls = 0;

  constructor(index: number, reply: ChatReply) {
    this.#index = index;
    this.#reply = reply;
  }

  *of({ text, tokens, finish }: OutputPiece): Generator<object> {
    const { tools, logprobs, tokenizer, signal } = this.#reply;
    if (!this.#begun) yield this.#change({ role: "assistant", content: "" });
    this.#begun = true;
    const parts: ToolPart[] = tools ? this.#finder.push(text) : text === "" ? [] : [{ text }];
    if (tools && finish) parts.push(...this.#finder.end());
    let entries = logprobs && tokens.length > 0 ? { content: chatLogprobs(tokens, tokenizer), refusal: null } : null;
    for (const part of parts) {
      if ("text" in part) yield this.#change({ content: part.text }, entries);
      else yield* this.#call(part.call);
      entries = null;
    }
    if (entries) yield this.#change({ content: "" }, entries);
    if (finish) yield this.#change({}, null, finishWith(finish, this.#calls, signal));
  }

  *#call(call: ToolCall): Generator<object> {
    const index = this.#calls++;
    const { id, type, function: named } = callOf(call, this.#reply.callId());
    yield this.#change({ tool_calls: [{ index, id, type, function: { name: named.name, arguments: "" } }] });
    yield this.#change({ tool_calls: [{ index, function: { arguments: named.arguments } }] });
  }

  #change(delta: object, logprobs: object | null = null, finish: string | null = null): object {
    return { index: this.#index, delta, logprobs, finish_reason: finish };
  }
}

function callOf(call: ToolCall, id: string) {
  return { id, type: "function" as const, function: call };
}

function finishWith(reason: Parameters<typeof finishOf>[0], calls: number, signal: AbortSignal): string {
  const finish = finishOf(reason, signal);
  return finish === "stop" && calls > 0 ? "tool_calls" : finish;
}
