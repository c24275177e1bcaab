/**
 * A conversation as our models read it, three times: as ids, as text, and as a template in Jinja that other programs find
 * in tokenizer_config.json.
 *
 *     <|bos|><|user|>Tell a story.<|assistant|>Once …<|eos|><|user|>Another.<|assistant|>
 *
 * The ids are the safe form: what a user writes stays ordinary text there, "<|eos|>" included. The text cannot tell the two
 * apart, and neither can a template.
 */
import type { Tokenizer } from "./tokenizer.ts";

/** One turn of a conversation. */
export interface ChatMessage {
  /** Who speaks. */
  readonly role: "user" | "assistant";
  /** What is said. */
  readonly content: string;
}

/** The special tokens of a conversation. */
export interface ChatSpecials {
  readonly bos: string;
  readonly eos: string;
  readonly user: string;
  readonly assistant: string;
}

/** How our models spell theirs. */
export const chatSpecials: ChatSpecials = {
  bos: "<|bos|>",
  eos: "<|eos|>",
  user: "<|user|>",
  assistant: "<|assistant|>",
};

/** The special tokens of our models, in the order of their ids from 0. */
export const modelSpecialTokens: readonly string[] = ["<|bos|>", "<|eos|>", "<|user|>", "<|assistant|>", "<|pad|>"];

/** How a conversation is written. */
export interface ChatOptions {
  /** Whether the answer's beginning follows, for the model to go on. Default false. */
  readonly addGenerationPrompt?: boolean;
}

/**
 * A conversation as text; what `chatTemplate` gives.
 * @throws RangeError for another role, or a content that is not a string, with the message's place.
 */
export function renderChat(
  messages: readonly ChatMessage[],
  specials: ChatSpecials = chatSpecials,
  options: ChatOptions = {},
): string {
  return chatParts(messages, options)
    .map(({ special, text }) => (special ? specials[special] : text))
    .join("");
}

/**
 * A conversation as ids, in which contents are ordinary text whatever they say.
 * @throws RangeError as `renderChat` does, and for special tokens that the tokenizer lacks.
 */
export function encodeChat(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  specials: ChatSpecials = chatSpecials,
  options: ChatOptions = {},
): number[] {
  return chatParts(messages, options).flatMap(({ special, text }) =>
    special ? [tokenizer.specialId(specials[special])] : tokenizer.encode(text),
  );
}

/** The same as a template for `chat_template`. The beginning's and the end's token come from the other fields. */
export function chatTemplate(specials: ChatSpecials = chatSpecials): string {
  const user = quoted(specials.user);
  const assistant = quoted(specials.assistant);
  return (
    "{{ bos_token }}{% for message in messages %}" +
    `{% if message['role'] == 'user' %}{{ ${user} + message['content'] }}` +
    `{% elif message['role'] == 'assistant' %}{{ ${assistant} + message['content'] + eos_token }}` +
    "{% else %}{{ raise_exception('Roles are user and assistant, not ' + message['role']) }}{% endif %}" +
    `{% endfor %}{% if add_generation_prompt %}{{ ${assistant} }}{% endif %}`
  );
}

type ChatPart =
  | { readonly special: keyof ChatSpecials; readonly text?: undefined }
  | { readonly special?: undefined; readonly text: string };

function chatParts(messages: readonly ChatMessage[], { addGenerationPrompt = false }: ChatOptions): ChatPart[] {
  const parts: ChatPart[] = [{ special: "bos" }];
  for (const [i, { role, content }] of messages.entries()) {
    if (role !== "user" && role !== "assistant")
      throw new RangeError(`message ${i} has the role ${JSON.stringify(role)}; roles are user and assistant`);
    if (typeof content !== "string")
      throw new RangeError(`message ${i} has a content of type ${typeof content}, expected a string`);
    parts.push({ special: role }, { text: content });
    if (role === "assistant") parts.push({ special: "eos" });
  }
  if (addGenerationPrompt) parts.push({ special: "assistant" });
  return parts;
}

function quoted(text: string): string {
  if (/['\\\n]/.test(text))
    throw new RangeError(
      `${JSON.stringify(text)} has a quote, a backslash or a newline, which templates spell differently`,
    );
  return `'${text}'`;
}
