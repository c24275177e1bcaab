/** Requests of the page to its own server. */
import { EventLines } from "../../load/sse.ts";

/** A message of the conversation. */
export interface Message {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/** How an answer is made. */
export interface Settings {
  readonly temperature: number;
  readonly tokens: number;
  readonly seed: number;
  /** Answers to the same prompt. */
  readonly choices: number;
  readonly key: string;
}

/** What an answer took. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens: number };
}

/** A piece of one of the answers, or what all of them took. */
export interface Piece {
  /** Which answer, from 0. */
  readonly choice?: number;
  readonly text?: string;
  readonly finish?: string;
  readonly usage?: Usage;
}

/** What a server refused. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly code: string | null;

  constructor(status: number, message: string, code: string | null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Frame {
  readonly choices?: readonly {
    readonly index: number;
    readonly delta?: { readonly content?: string | null };
    readonly text?: string;
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: Usage | null;
  readonly error?: { readonly message: string; readonly code: string | null };
}

/**
 * The answers to a conversation, as they come. A model without a chat template goes on from the last message.
 * @throws Refusal for what the server refuses; what fetch throws where there is no server.
 */
export async function* ask(
  messages: readonly Message[],
  { temperature, tokens, seed, choices: n, key }: Settings,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const common = { temperature, max_tokens: tokens, seed, n, stream: true, stream_options: { include_usage: true } };
  let response: Response;
  try {
    response = await post("v1/chat/completions", { ...common, messages }, key, signal);
  } catch (error) {
    if (!(error instanceof Refusal && error.code === "no_chat_template")) throw error;
    response = await post("v1/completions", { ...common, prompt: messages[messages.length - 1].content }, key, signal);
  }
  for await (const data of events(response)) {
    if (data === "[DONE]") return;
    const { choices = [], usage, error } = JSON.parse(data) as Frame;
    if (error) throw new Refusal(response.status, error.message, error.code);
    if (usage) yield { usage };
    for (const { index: choice, delta, text, finish_reason: finish } of choices)
      yield { choice, text: delta?.content ?? text, finish: finish ?? undefined };
  }
  throw new Error("The answer was cut off.");
}

/** Data of the events of a stream of the server. @throws Refusal for another answer. */
export async function* watch(path: string, key: string, signal: AbortSignal): AsyncGenerator<string> {
  yield* events(await checked(await fetch(path, { headers: headersOf(key), signal })));
}

async function post(path: string, body: object, key: string, signal: AbortSignal): Promise<Response> {
  const headers = { "content-type": "application/json", ...headersOf(key) };
  return checked(await fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal }));
}

function headersOf(key: string): Record<string, string> {
  return key === "" ? {} : { authorization: `Bearer ${key}` };
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as Pick<Frame, "error">;
  throw new Refusal(
    response.status,
    body.error?.message ?? `The server says ${response.status}.`,
    body.error?.code ?? null,
  );
}

async function* events({ body }: Response): AsyncGenerator<string> {
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const lines = new EventLines();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield* lines.push(next.value);
  } finally {
    await reader.cancel().catch(() => {}); // whoever leaves wants no more of it
  }
}
