/** A request to /v1/completions or /v1/chat/completions, its answer read as it streams, each frame stamped. */
import type { Clock } from "./clock.ts";
import { messageOf, readFrame } from "./frame.ts";
import { EventLines } from "./sse.ts";
import { type Failure, type Outcome, Stamps } from "./stamps.ts";

/** Where requests go, and how. */
export interface Target {
  /** The server's address, without `/v1`. */
  readonly url: string;
  readonly api: "completions" | "chat";
  /** The model's name there. */
  readonly model: string;
  /** Sent as `Authorization: Bearer …`. */
  readonly key?: string;
  /**
   * Whether to send OpenAI's own fields only. Without it, requests say `ignore_eos`, so that answers have the length that was asked for,
   * and ask for a count of tokens in each frame; vLLM, SGLang and we know both.
   */
  readonly plain?: boolean;
  /** Further fields of each request. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Milliseconds without a byte after which a request has failed; for ever, if not given. */
  readonly silence?: number;
  /** The global `fetch`, if not given. */
  readonly fetch?: typeof fetch;
}

/** What is asked. */
export interface Ask {
  /** Token ids, which the chat does not take; or a text. */
  readonly prompt: readonly number[] | string;
  /** Tokens of the answer. */
  readonly output: number;
  /** A number that draws depend on; temperature is 0, so few servers need it. */
  readonly seed?: number;
}

/** The body of a request. @throws RangeError for token ids in a chat. */
export function bodyOf(target: Target, { prompt, output, seed }: Ask): Record<string, unknown> {
  const common = {
    model: target.model,
    temperature: 0,
    seed,
    stream: true,
    stream_options: { include_usage: true, ...(!target.plain && { continuous_usage_stats: true }) },
    ...(!target.plain && { ignore_eos: true }),
    ...target.extra,
  };
  if (target.api === "completions") return { prompt, max_tokens: output, ...common };
  if (typeof prompt !== "string") throw new RangeError("A chat takes text, not token ids.");
  const length = target.plain ? { max_completion_tokens: output } : { max_tokens: output };
  return { messages: [{ role: "user", content: prompt }], ...length, ...common };
}

/** Most characters of an error's body that are looked at. */
const BODY = 10_000;
/** Milliseconds in which an answer that is complete must end, so that its connection can be used again. */
const AFTER = 1000;

/** Sends one request and reads its answer to the end. It does not throw: what goes wrong is part of the outcome. */
export async function send(target: Target, ask: Ask, clock: Clock, signal?: AbortSignal): Promise<Outcome> {
  const path = target.api === "chat" ? "/v1/chat/completions" : "/v1/completions";
  const headers = { "content-type": "application/json", ...(target.key && { authorization: `Bearer ${target.key}` }) };
  const body = JSON.stringify(bodyOf(target, ask));
  const patience = new Patience(target.silence, signal);
  const stamps = new Stamps(clock.now());
  let failure: Failure | undefined;
  try {
    const request = { method: "POST", headers, body, signal: patience.signal };
    const response = await (target.fetch ?? fetch)(`${target.url}${path}`, request);
    failure = await read(response, stamps, clock, patience);
  } catch (error) {
    if (signal?.aborted) failure = { kind: "stopped", message: "stopped by us" };
    else if (patience.over) failure = { kind: "lost", message: `nothing came for ${(target.silence ?? 0) / 1000} s` };
    else failure = lost(error);
  }
  patience.done();
  return stamps.outcome(clock.now(), failure);
}

/** Ends a request when somebody says so, or when nothing has come for too long. */
class Patience {
  readonly #stop = new AbortController();
  readonly #most: number | undefined;
  readonly #outer: AbortSignal | undefined;
  readonly #onStop = (): void => this.#stop.abort();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether nothing has come for too long. */
  over = false;

  constructor(most: number | undefined, outer: AbortSignal | undefined) {
    this.#most = most;
    this.#outer = outer;
    if (outer?.aborted) this.#onStop();
    outer?.addEventListener("abort", this.#onStop);
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Something has come. */
  heard(): void {
    clearTimeout(this.#timer);
    if (this.#most === undefined) return;
    this.#timer = setTimeout(() => {
      this.over = true;
      this.#onStop();
    }, this.#most);
  }

  done(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#onStop);
  }
}

/** Reads an answer. @returns why it failed, if it did. */
async function read(
  response: Response,
  stamps: Stamps,
  clock: Clock,
  patience: Patience,
): Promise<Failure | undefined> {
  if (!response.ok) return refusal(response);
  const type = response.headers.get("content-type") ?? "none";
  if (!response.body || !/^text\/event-stream\b/i.test(type)) {
    await response.body?.cancel();
    return { kind: "broken", message: `the answer is not a stream of events: its content-type is ${type}` };
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const lines = new EventLines();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const at = clock.now();
    patience.heard();
    for (const data of lines.push(decoder.decode(value, { stream: true }))) {
      if (data === "[DONE]") {
        await rest(reader);
        return undefined;
      }
      const message = take(data, stamps, at);
      if (message === undefined) continue;
      await reader.cancel().catch(() => {});
      return { kind: "broken", message };
    }
  }
  return stamps.finished ? undefined : { kind: "lost", message: "the connection ended before the answer did" };
}

/** Takes a frame. @returns what is wrong, if anything is. */
function take(data: string, stamps: Stamps, at: number): string | undefined {
  try {
    const frame = readFrame(data);
    if (frame.error === undefined) stamps.take(frame, at);
    return frame.error;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Reads what comes after the end of an answer; a connection that stays open is closed. */
async function rest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), AFTER);
  while (!(await reader.read()).done);
  clearTimeout(timer);
}

/** What a status other than 200 means. */
export async function refusal(response: Response): Promise<Failure> {
  const text = (await response.text()).slice(0, BODY);
  let message = text;
  try {
    message = messageOf(JSON.parse(text));
  } catch {} // a proxy's page, or nothing
  return { kind: "refused", status: response.status, message: message || response.statusText };
}

/** What a failed fetch means; Node says why in the cause. */
export function lost(error: unknown): Failure {
  const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  return { kind: "lost", message: cause?.code ?? cause?.message ?? message };
}
