/**
 * tokenizer_config.json: which special tokens begin, end and fill a text, and how a conversation becomes one.
 */
import { Fields, isObject, kindOf } from "./fields.ts";

/** What of a tokenizer_config.json matters here. */
export interface TokenizerConfig {
  /** The text of the token that begins a text. */
  readonly bosToken?: string;
  /** The text of the token that ends one. */
  readonly eosToken?: string;
  /** The text of the token that fills a batch. */
  readonly padToken?: string;
  /** How a conversation becomes a text, in Jinja; kept as it is. */
  readonly chatTemplate?: string;
  /** Whether a loader puts the beginning's token before each text. Default false. */
  readonly addBosToken?: boolean;
  /** Tokens that fit the model. */
  readonly modelMaxLength?: number;
  /**
   * Whether the Hugging Face library tidies spaces when it decodes ("do n't" to "don't"), so that text does not come back as
   * it was. This library never does. Default false.
   */
  readonly cleanUpTokenizationSpaces?: boolean;
}

/**
 * Reads a tokenizer_config.json.
 * @param specialTokens those of the tokenizer, if the tokens named must be among them.
 * @throws RangeError for a malformed file, a field of another type, or a token that is not a special token.
 */
export function readTokenizerConfig(
  file: string | Uint8Array,
  options: { readonly name?: string; readonly specialTokens?: ReadonlyMap<string, number> } = {},
): TokenizerConfig {
  const root = Fields.of(options.name ?? "tokenizer_config.json", file);
  const token = (name: string): string | undefined => {
    const value = root.raw(name);
    if (value == null) return undefined;
    const text = isObject(value) ? root.object(name).text("content") : root.text(name);
    if (options.specialTokens && !options.specialTokens.has(text))
      root.fail(name, `is ${JSON.stringify(text)}, which is not a special token of the tokenizer`);
    return text;
  };
  const longest = root.raw("model_max_length") ?? undefined;
  if (longest !== undefined && !(typeof longest === "number" && longest > 0))
    return root.fail("model_max_length", `is ${kindOf(longest)}, expected a positive number`);
  return {
    bosToken: token("bos_token"),
    eosToken: token("eos_token"),
    padToken: token("pad_token"),
    chatTemplate: readTemplate(root),
    addBosToken: root.flag("add_bos_token", false),
    modelMaxLength: longest,
    cleanUpTokenizationSpaces: root.flag("clean_up_tokenization_spaces", false),
  };
}

/** A string, or the one named "default" of a list of templates. */
function readTemplate(root: Fields): string | undefined {
  const value = root.raw("chat_template");
  if (value == null) return undefined;
  if (!Array.isArray(value)) return root.text("chat_template");
  for (const i of value.keys()) {
    const template = root.entry("chat_template", i);
    if (template.text("name") === "default") return template.text("template");
  }
  return root.fail("chat_template", `is ${kindOf(value)} of which none is named "default"`);
}

/** The text of a tokenizer_config.json, with two spaces of indentation and a newline at its end. */
export function writeTokenizerConfig(config: TokenizerConfig): string {
  const root = {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: config.bosToken,
    eos_token: config.eosToken,
    pad_token: config.padToken,
    add_bos_token: config.addBosToken ?? false,
    model_max_length: config.modelMaxLength,
    clean_up_tokenization_spaces: config.cleanUpTokenizationSpaces ?? false,
    chat_template: config.chatTemplate,
  };
  return `${JSON.stringify(root, undefined, 2)}\n`;
}
