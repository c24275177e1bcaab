/**
 * A conversation as tokens, by the model's own template in Jinja. What somebody has written stays text, also where it is
 * spelled like a special token: it is taken apart before the template sees it, and put together behind it.
 */
import { Template } from "@huggingface/jinja";
import type { Tokenizer } from "../models/index.ts";
import { ApiError } from "./errors.ts";

/** What a template is given. */
export interface TemplateInput {
  readonly messages: readonly Readonly<Record<string, unknown>>[];
  readonly tools?: readonly unknown[];
  readonly addGenerationPrompt: boolean;
  /** More names for the template; they do not replace its own. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Private characters around the number of a special token's text that is ordinary text. */
const [OPEN, CLOSE] = ["\ue0f0", "\ue0f1"];
const marked = new RegExp(`${OPEN}(\\d+)${CLOSE}`);

/** A model's template. */
export class ChatTemplate {
  readonly #template: Template;
  readonly #names: Readonly<Record<string, unknown>>;
  readonly #specials: readonly string[];
  /** Whether it writes calls of tools as `<tool_call>` blocks (Hermes, Qwen). */
  readonly callsTools: boolean;

  /** @param names such as bos_token and eos_token. @throws Error for a template that is malformed. */
  constructor(source: string, tokenizer: Tokenizer, names: Readonly<Record<string, unknown>>) {
    this.#template = new Template(source);
    this.#names = names;
    // The longest first: one may be the beginning of another.
    this.#specials = [...tokenizer.specialTokens.keys()].sort((a, b) => b.length - a.length);
    this.callsTools = source.includes("<tool_call>") && source.includes("tools");
  }

  /** @throws ApiError 400 with what the template says of messages that it does not take. */
  render({ messages, tools, addGenerationPrompt, more }: TemplateInput): string {
    try {
      return this.#template.render({
        ...more,
        ...this.#names,
        messages: this.#quoted(messages),
        ...(tools && tools.length > 0 ? { tools: this.#quoted(tools) } : {}),
        add_generation_prompt: addGenerationPrompt,
      });
    } catch (error) {
      // What the template itself raises, and what it fails at.
      const message = `The model's chat template does not take these messages: ${(error as Error).message}`;
      throw new ApiError(400, message, { param: "messages", code: "invalid_messages" });
    }
  }

  /** The tokens of what `render` gave. */
  *pieces(text: string): Generator<{ readonly text: string; readonly special: "all" | readonly [] }> {
    for (const [i, piece] of text.split(marked).entries()) {
      if (i % 2 === 0) yield { text: piece, special: "all" };
      else yield { text: this.#specials[Number(piece)] ?? `${OPEN}${piece}${CLOSE}`, special: [] };
    }
  }

  /** Values with every special token in their strings replaced by its mark. */
  #quoted<T>(value: T): T {
    if (typeof value === "string") return this.#quote(value) as T;
    if (Array.isArray(value)) return value.map((each) => this.#quoted(each)) as T;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [this.#quote(key), this.#quoted(each)])) as T;
  }

  #quote(text: string): string {
    let quoted = text;
    for (const [i, special] of this.#specials.entries()) quoted = quoted.replaceAll(special, `${OPEN}${i}${CLOSE}`);
    return quoted;
  }
}
