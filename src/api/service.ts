/**
 * OpenAI's protocol over a served model, without any transport: each endpoint takes a body that may be anything, and gives
 * an object or frames. What is wrong with a request is thrown as an ApiError before its first frame.
 */
import type { Tokenizer } from "../models/index.ts";
import type { EventLoop } from "../platform/platform.ts";
import type { GenerateRequest, Generation } from "../serve/index.ts";
import { embeddings } from "./embeddings.ts";
import { ApiError, apiErrorOf } from "./errors.ts";
import { messagesOf } from "./messages.ts";
import { chatFrames, chatJson } from "./replies/chat.ts";
import { completionFrames, completionJson, type Echo } from "./replies/completion.ts";
import type { Reply } from "./replies/reply.ts";
import { responseFrames, responseJson } from "./replies/response.ts";
import { chatBody } from "./schema/chat.ts";
import { completionBody, detokenizeBody, responseBody, tokenizeBody } from "./schema/others.ts";
import { parseBody } from "./schema/parse.ts";
import { requestOf, type SamplingFields } from "./schema/sampling.ts";
import { encodeText, type ServedModel, type TextPart } from "./served-model.ts";
import { promptsOf } from "./texts.ts";

/** What a service is made of. */
export interface ServiceOptions {
  readonly model: ServedModel;
  readonly macrotask: EventLoop["macrotask"];
  /** In [0, 1): seeds where a request names none. */
  readonly random: () => number;
  /** A name that no other answer has. */
  readonly uniqueId: () => string;
  /** Seconds since 1970. */
  readonly clock: () => number;
}

/** The endpoints. */
export class OpenAiService {
  readonly model: ServedModel;
  readonly #options: ServiceOptions;

  constructor(options: ServiceOptions) {
    this.model = options.model;
    this.#options = options;
  }

  /** GET /v1/models */
  models(): object {
    return { object: "list", data: [this.#card()] };
  }

  /** GET /v1/models/{id}. @throws ApiError 404 for another model. */
  modelNamed(name: string): object {
    this.#checkModel(name);
    return this.#card();
  }

  /** POST /v1/chat/completions */
  async chat(body: unknown, signal: AbortSignal): Promise<Reply> {
    const fields = parseBody(chatBody, body);
    this.#checkModel(fields.model);
    refuse("response_format", fields.response_format != null && fields.response_format.type !== "text");
    const { tool_choice: choice } = fields;
    refuse("tool_choice", choice != null && choice !== "none" && choice !== "auto");
    const tools = choice === "none" ? [] : (fields.tools ?? []);
    const { template, loop } = this.model;
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
    const prompt = await this.#encode(parts, "messages");
    const most = fields.max_completion_tokens ?? fields.max_tokens;
    const generation = this.#generate({ ...fields, max_tokens: most }, prompt, { logprobs }, signal, "messages");
    const reply = {
      generation,
      choices: fields.n ?? 1,
      tokenizer: loop.tokenizer,
      head: this.#head("chatcmpl"),
      logprobs: logprobs !== undefined,
      tools: tools.length > 0 && template.callsTools,
      usage: usageMode(fields),
      callId: () => `call_${this.#options.uniqueId()}`,
      signal,
    };
    if (!fields.stream) return { kind: "json", body: await chatJson(reply) };
    return { kind: "stream", frames: chatFrames(reply), done: true };
  }

  /** POST /v1/completions */
  async completion(body: unknown, signal: AbortSignal): Promise<Reply> {
    const fields = parseBody(completionBody, body);
    this.#checkModel(fields.model);
    refuse("suffix", fields.suffix != null && fields.suffix !== "");
    refuse("best_of", fields.best_of != null && fields.best_of !== (fields.n ?? 1));
    const { loop } = this.model;
    const prompts = await promptsOf(fields.prompt, this.model, this.#options.macrotask, "prompt");
    const logprobs = fields.logprobs ?? undefined;
    // OpenAI's default here is 16. Without any new token the prompt alone is run, as when it is scored.
    const asked = { ...fields, max_tokens: fields.max_tokens ?? 16 };
    const scores = fields.echo && (logprobs !== undefined || asked.max_tokens === 0);
    const promptLogprobs = scores ? (logprobs ?? 0) : undefined;
    const generations = this.#generateAll(asked, prompts, { logprobs, promptLogprobs }, signal);
    const reply = {
      generations,
      choices: fields.n ?? 1,
      tokenizer: loop.tokenizer,
      head: this.#head("cmpl"),
      logprobs: logprobs !== undefined,
      usage: usageMode(fields),
      echo: fields.echo ? (prompt: number) => echoOf(prompts[prompt], generations[prompt], loop.tokenizer) : undefined,
      signal,
    };
    if (!fields.stream) return { kind: "json", body: await completionJson(reply) };
    return { kind: "stream", frames: completionFrames(reply), done: true };
  }

  /** POST /v1/responses, in its smallest form: strings in, one message out, nothing kept. */
  async response(body: unknown, signal: AbortSignal): Promise<Reply> {
    const fields = parseBody(responseBody, body);
    this.#checkModel(fields.model);
    refuse("previous_response_id", fields.previous_response_id != null);
    refuse("text.format", fields.text?.format != null && fields.text.format.type !== "text");
    const { template, name } = this.model;
    if (!template) throw noTemplate();
    const { input, instructions } = fields;
    const said = typeof input === "string" ? [{ role: "user" as const, content: input }] : input;
    const messages = said.map(({ role, content }) => ({
      role,
      content: typeof content === "string" ? content : content.map(({ text }) => text).join(""),
    }));
    if (instructions != null) messages.unshift({ role: "system", content: instructions });
    const text = template.render({ messages: messagesOf(messages), addGenerationPrompt: true });
    const prompt = await this.#encode([...template.pieces(text)], "input");
    const asked = { ...fields, max_tokens: fields.max_output_tokens };
    const { id, created } = this.#head("resp");
    const reply = {
      generation: this.#generate(asked, prompt, {}, signal, "input"),
      id: id.replace("-", "_"),
      messageId: `msg_${this.#options.uniqueId()}`,
      created,
      model: name,
      said: {
        instructions: instructions ?? null,
        max_output_tokens: fields.max_output_tokens ?? null,
        temperature: fields.temperature ?? this.model.defaults.temperature ?? 1,
        top_p: fields.top_p ?? this.model.defaults.topP ?? 1,
      },
      signal,
    };
    if (!fields.stream) return { kind: "json", body: await responseJson(reply) };
    return { kind: "stream", frames: responseFrames(reply), done: false };
  }

  /** POST /v1/embeddings */
  async embeddings(body: unknown, signal: AbortSignal): Promise<Reply> {
    const named = (name: string | null | undefined): void => this.#checkModel(name);
    return { kind: "json", body: await embeddings(body, this.model, this.#options.macrotask, named, signal) };
  }

  /** POST /tokenize, as vLLM has it. */
  async tokenize(body: unknown): Promise<Reply> {
    const { prompt, add_special_tokens: begins } = parseBody(tokenizeBody, body);
    const [tokens] =
      (begins ?? true)
        ? await promptsOf(prompt, this.model, this.#options.macrotask, "prompt", true)
        : [await this.#encode([{ text: prompt, special: "all" }], "prompt")];
    const { positions } = this.model;
    return { kind: "json", body: { count: tokens.length, max_model_len: positions, tokens } };
  }

  /** POST /detokenize, as vLLM has it. */
  async detokenize(body: unknown): Promise<Reply> {
    const { tokens } = parseBody(detokenizeBody, body);
    const { tokenizer } = this.model.loop;
    const wrong = tokens.find((token) => token >= tokenizer.vocabularySize);
    if (wrong !== undefined) {
      const message = `tokens: ${wrong} is no token: they are 0 to ${tokenizer.vocabularySize - 1}.`;
      throw new ApiError(400, message, { param: "tokens", code: "invalid_token" });
    }
    return { kind: "json", body: { prompt: tokenizer.decode(tokens) } };
  }

  #encode(parts: readonly TextPart[], param: string): Promise<number[]> {
    return encodeText(this.model, parts, this.#options.macrotask, param);
  }

  /** All prompts of a request, or none of them. */
  #generateAll(
    fields: SamplingFields,
    prompts: readonly (readonly number[])[],
    scores: Scores,
    signal: AbortSignal,
  ): Generation[] {
    const all = new AbortController();
    const either = AbortSignal.any([signal, all.signal]);
    try {
      return prompts.map((prompt) => this.#generate(fields, prompt, scores, either, "prompt"));
    } catch (error) {
      all.abort();
      throw error;
    }
  }

  #generate(
    fields: SamplingFields,
    prompt: readonly number[],
    { logprobs, promptLogprobs }: Scores,
    signal: AbortSignal,
    param: string,
  ): Generation {
    const seed = Math.floor(this.#options.random() * 2 ** 32);
    const asked = requestOf(fields, this.model, logprobs, seed);
    const request: GenerateRequest = { ...asked, promptLogprobs, prompt, signal };
    try {
      return this.model.loop.generate(request);
    } catch (error) {
      throw apiErrorOf(error, param);
    }
  }

  #head(prefix: string) {
    const { uniqueId, clock } = this.#options;
    return { id: `${prefix}-${uniqueId()}`, created: Math.floor(clock()), model: this.model.name };
  }

  #card(): object {
    const { name, created, positions } = this.model;
    return { id: name, object: "model", created, owned_by: "worldsize", max_model_len: positions };
  }

  #checkModel(name: string | null | undefined): void {
    if (name == null || name === this.model.name) return;
    const message = `There is no model ${JSON.stringify(name)} here; this server has ${JSON.stringify(this.model.name)}.`;
    throw new ApiError(404, message, { param: "model", code: "model_not_found" });
  }
}

/** What log-probabilities are asked for: alternatives beside each new token, and beside each of the prompt. */
interface Scores {
  readonly logprobs?: number;
  readonly promptLogprobs?: number;
}

/** A prompt as it is told before its answer, with what was found of its tokens. */
function echoOf(prompt: readonly number[], { scored }: Generation, tokenizer: Tokenizer): Echo {
  const tokens = prompt.map((token, i) => ({ ...scored[i], token, bytes: tokenizer.tokenBytes(token) }));
  return { text: tokenizer.decode(prompt), tokens: scored.length > 0 ? tokens : [] };
}

/** @throws ApiError 400 where something is asked for that this server does not do. */
function refuse(param: string, isAsked: boolean): void {
  if (!isAsked) return;
  throw new ApiError(400, `${param} is asked for, and this server does not do that. Leave it out.`, {
    param,
    code: "unsupported_parameter",
  });
}

function noTemplate(): ApiError {
  const message = "This model has no chat template: send strings to /v1/completions.";
  return new ApiError(400, message, { code: "no_chat_template" });
}

function usageMode({ stream_options: options }: SamplingFields): "none" | "end" | "each" {
  if (!options?.include_usage) return "none";
  return options.continuous_usage_stats ? "each" : "end";
}

/** A text up to the end of its last message: what a template writes behind it is not for a message that goes on. */
function withoutEnd(text: string, messages: readonly { readonly content?: unknown }[]): string {
  const last = messages[messages.length - 1].content;
  const content = typeof last === "string" ? last.trimEnd() : "";
  const at = text.lastIndexOf(content);
  return content === "" || at < 0 ? text : text.slice(0, at + content.length);
}
