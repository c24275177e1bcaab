/** What llama.cpp must know of a model besides its tensors: the form of the architecture, and the tokenizer. */
import type { DecoderConfig } from "../decoder-config.ts";
import type { PatternName, TokenizerSpec } from "../tokenizer/index.ts";
import { ALIGNMENT, type GgufDType, type GgufValue } from "./format.ts";

/** Tokens that a file gives a part to, by their contents. */
export interface GgufTokens {
  readonly bos?: string;
  readonly eos?: string;
  readonly pad?: string;
  /** Whether a prompt begins with bos by itself. Our `encode` adds none, so it is false if not given. */
  readonly addBos?: boolean;
  /** Jinja text of a conversation's form. */
  readonly chatTemplate?: string;
}

const u32 = (value: number): GgufValue => ({ type: "u32", value });
const f32 = (value: number): GgufValue => ({ type: "f32", value });
const text = (value: string): GgufValue => ({ type: "string", value });

/** llama.cpp's codes of a file's format. */
const fileTypes: Readonly<Record<GgufDType, number>> = { f32: 0, f16: 1, q8_0: 7 };
/** Of the layout of groups. */
const QUANTIZATION_VERSION = 2;

/** Parts that an architecture has fixed in llama.cpp; undefined where it takes either. */
const fixed = {
  gpt2: {
    activation: "gelu_tanh",
    norm: "layer",
    positions: "learned",
    attentionBias: true,
    outputBias: true,
    mlpBias: true,
    qkNorm: false,
  },
  llama: { activation: "silu", norm: "rms", positions: "rope", qkNorm: false },
  qwen2: {
    activation: "silu",
    norm: "rms",
    positions: "rope",
    attentionBias: true,
    outputBias: false,
    mlpBias: false,
    qkNorm: false,
  },
  qwen3: {
    activation: "silu",
    norm: "rms",
    positions: "rope",
    attentionBias: false,
    outputBias: false,
    mlpBias: false,
    qkNorm: true,
  },
} as const satisfies Record<string, Partial<DecoderConfig>>;

/**
 * Form of the architecture. Mixtral is a llama with experts.
 * @throws RangeError for a form that llama.cpp's architecture of the family would compute differently.
 */
export function architectureMetadata(config: DecoderConfig, dtype: GgufDType): Map<string, GgufValue> {
  const { family, headDim, experts, ropeScaling } = config;
  const arch = family === "mixtral" ? "llama" : family;
  const refuse = (what: string): never => {
    throw new RangeError(`llama.cpp's architecture ${arch} has no form for ${what}.`);
  };
  for (const [key, value] of Object.entries(fixed[arch])) {
    const own = config[key as keyof DecoderConfig];
    if (own !== value) refuse(`${key} ${own}, only for ${value}`);
  }
  if (ropeScaling && arch !== "llama") refuse("scaled rotary positions");
  if (experts > 0 && arch !== "llama") refuse("experts");
  if (experts > 0 && config.mlpBias) refuse("experts with biases");
  if (experts > 0 && !config.normalizeTopK) refuse("experts whose weights do not add up to 1");
  if (arch === "gpt2" && config.kvHeads !== config.heads) refuse("heads that share keys");
  if (arch === "gpt2" && headDim * config.heads !== config.width) refuse("heads that are not parts of the width");
  const entries: [string, GgufValue][] = [
    ["general.architecture", text(arch)],
    ["general.alignment", u32(ALIGNMENT)],
    ["general.file_type", u32(fileTypes[dtype])],
    ["general.quantization_version", u32(QUANTIZATION_VERSION)],
    [`${arch}.vocab_size`, u32(config.vocabularySize)],
    [`${arch}.context_length`, u32(config.maxPositions)],
    [`${arch}.embedding_length`, u32(config.width)],
    [`${arch}.block_count`, u32(config.layers)],
    [`${arch}.feed_forward_length`, u32(config.ffnWidth)],
    [`${arch}.attention.head_count`, u32(config.heads)],
    [`${arch}.attention.head_count_kv`, u32(config.kvHeads)],
    [`${arch}.attention.layer_norm_${arch === "gpt2" ? "" : "rms_"}epsilon`, f32(config.normEps)],
  ];
  if (arch !== "gpt2") {
    entries.push(
      [`${arch}.attention.key_length`, u32(headDim)],
      [`${arch}.attention.value_length`, u32(headDim)],
      [`${arch}.rope.dimension_count`, u32(headDim)],
      [`${arch}.rope.freq_base`, f32(config.ropeTheta)],
    );
  }
  if (experts > 0) {
    entries.push([`${arch}.expert_count`, u32(experts)], [`${arch}.expert_used_count`, u32(config.expertsPerToken)]);
  }
  return new Map(entries);
}

/** Kinds of tokens. */
const NORMAL = 1;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;

/** llama.cpp's name of the rule that cuts words as a pattern does. */
function preTokenizer(pattern: PatternName, ignoreMerges: boolean): string {
  const names: Partial<Record<PatternName, string>> = {
    gpt2: "gpt-2",
    cl100k: ignoreMerges ? "llama-bpe" : "dbrx",
    qwen2: "qwen2",
  };
  const name = names[pattern];
  if (name && (!ignoreMerges || pattern === "cl100k")) return name;
  throw new RangeError(
    `llama.cpp has no rule that cuts words as the pattern ${pattern} does${name ? " and ignores merges" : ""}. ` +
      "Train the tokenizer with gpt2, cl100k or qwen2.",
  );
}

/**
 * The tokenizer. A normaliser has no place in a file: llama.cpp takes text as it is, so where it is NFC the text must be
 * composed before.
 * @param size rows of the embedding; ids beyond the tokenizer's are written as unused.
 * @throws RangeError for more tokens than rows, a pattern that llama.cpp does not have, and for a bos, eos or pad that is not
 *   an added token.
 */
export function tokenizerMetadata(spec: TokenizerSpec, size: number, parts: GgufTokens = {}): Map<string, GgufValue> {
  const tokens = Array.from({ length: size }, (_, id) => `[unused ${id}]`);
  const types = Array<number>(size).fill(UNUSED);
  const put = (id: number, content: string, type: number): void => {
    if (id >= size)
      throw new RangeError(`The token ${JSON.stringify(content)} has the id ${id}, and the model has ${size} rows.`);
    [tokens[id], types[id]] = [content, type];
  };
  for (const [content, id] of spec.vocabulary) put(id, content, NORMAL);
  const added = spec.addedTokens ?? [];
  for (const { id, content, special } of added) put(id, content, special ? CONTROL : USER_DEFINED);
  const entries: [string, GgufValue][] = [
    ["tokenizer.ggml.model", text("gpt2")],
    ["tokenizer.ggml.pre", text(preTokenizer(spec.pattern, spec.ignoreMerges ?? false))],
    ["tokenizer.ggml.tokens", { type: "array", of: "string", values: tokens }],
    ["tokenizer.ggml.token_type", { type: "array", of: "i32", values: types }],
    ["tokenizer.ggml.merges", { type: "array", of: "string", values: spec.merges.map(([a, b]) => `${a} ${b}`) }],
    ["tokenizer.ggml.add_bos_token", { type: "bool", value: parts.addBos ?? false }],
  ];
  for (const [key, content] of [
    ["bos", parts.bos],
    ["eos", parts.eos],
    ["padding", parts.pad],
  ] as const) {
    if (content === undefined) continue;
    const token = added.find((each) => each.content === content);
    if (!token)
      throw new RangeError(`${JSON.stringify(content)}, wanted as ${key}, is not an added token of the tokenizer.`);
    entries.push([`tokenizer.ggml.${key}_token_id`, u32(token.id)]);
  }
  if (parts.chatTemplate !== undefined) entries.push(["tokenizer.chat_template", text(parts.chatTemplate)]);
  return new Map(entries);
}
