/** One frame of a streamed answer: of /v1/completions or /v1/chat/completions, from any server that speaks OpenAI's protocol. */

/** Tokens as a server counts them. */
export interface Usage {
  /** Tokens of the prompt. */
  readonly input?: number;
  /** Of these, how many came from a cache. */
  readonly cached?: number;
  /** Tokens of the answer. */
  readonly output?: number;
}

/** What a frame says. */
export interface Frame {
  /** Whether it is about a choice, and not about usage alone. */
  readonly choice: boolean;
  /** Its piece of the answer; empty in a frame that names the role only. */
  readonly content: string;
  /** Tokens that are new with it, where it has a list of them: their ids or log-probabilities. */
  readonly fresh?: number;
  readonly usage?: Usage;
  /** Why the answer has ended, in its last frame. */
  readonly finish?: string;
  /** What a server says went wrong while it answered. */
  readonly error?: string;
}

type Json = Record<string, unknown>;

/** Reads a frame's data. @throws RangeError for what is not a JSON object. */
export function readFrame(data: string): Frame {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch {
    parsed = undefined;
  }
  const frame = objectOf(parsed);
  if (!frame) throw new RangeError(`A frame of the answer is not a JSON object: ${data.slice(0, 80)}`);
  if (frame.error) return { choice: false, content: "", error: messageOf(frame) };
  const choice = Array.isArray(frame.choices) ? objectOf(frame.choices[0]) : undefined;
  const usage = usageOf(frame.usage);
  if (!choice) return { choice: false, content: "", usage };
  const delta = objectOf(choice.delta) ?? {};
  const content = [choice.text, delta.reasoning_content, delta.content].map((each) => textOf(each)).join("");
  return { choice: true, content, fresh: freshOf(choice), usage, finish: textOf(choice.finish_reason) || undefined };
}

/** What an error's body says: OpenAI's `{"error": {"message"}}`, or something like it. */
export function messageOf(body: unknown): string {
  const whole = objectOf(body);
  const error = whole?.error ?? whole;
  const { message, detail } = objectOf(error) ?? {};
  return textOf(message) || textOf(detail) || textOf(error) || JSON.stringify(body) || "";
}

/** How many tokens a choice lists. */
function freshOf(choice: Json): number | undefined {
  const { content, tokens } = objectOf(choice.logprobs) ?? {};
  const list = [choice.token_ids, content, tokens].find(Array.isArray);
  return list?.length;
}

function usageOf(value: unknown): Usage | undefined {
  const usage = objectOf(value);
  if (!usage) return undefined;
  const cached = objectOf(usage.prompt_tokens_details)?.cached_tokens;
  return { input: countOf(usage.prompt_tokens), output: countOf(usage.completion_tokens), cached: countOf(cached) };
}

function objectOf(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function countOf(value: unknown): number | undefined {
  return Number.isInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
