/**
 * Our parameters and the tensors of Hugging Face's files: names, shapes, and how one lies in the other. GPT-2's
 * projections are stored [in, out], with q, k and v side by side; Mixtral's experts are called w1, w3 and w2.
 */
import type { Shape } from "../../tensor/index.ts";
import type { DecoderConfig } from "../decoder-config.ts";

/** A parameter of a decoder, and where it lies in a file. */
export interface ParameterForm {
  /** As `namedParameters()` has it. */
  readonly name: string;
  readonly shape: Shape;
  readonly stored: StoredForm;
}

/** A tensor of a file. */
export interface StoredForm {
  readonly name: string;
  readonly shape: Shape;
  /** Whether it lies [in, out], ours being [out, in]. */
  readonly transposed: boolean;
  /** Which third of its last axis it is, of q, k and v side by side. */
  readonly third?: 0 | 1 | 2;
}

/** All parameters of a form, in the order of the model; made one by one, since a file may claim any number of layers. */
export function* parameterForms(config: DecoderConfig): Generator<ParameterForm> {
  const { vocabularySize, width, layers, maxPositions } = config;
  const own = config.family === "gpt2" ? gpt2Form : llamaForm;
  yield own("embed.weight", [vocabularySize, width]);
  if (config.positions === "learned") yield own("positions.weight", [maxPositions, width]);
  for (let layer = 0; layer < layers; layer++) {
    for (const [name, shape] of blockParameters(config)) yield own(`layers.${layer}.${name}`, shape);
  }
  for (const [name, shape] of normParameters(config, "norm")) yield own(name, shape);
  if (!config.tied) yield own("head.weight", [vocabularySize, width]);
}

type Named = readonly [name: string, shape: Shape];

function* blockParameters(config: DecoderConfig): Generator<Named> {
  const { width, heads, kvHeads, headDim, attentionBias, outputBias } = config;
  yield* normParameters(config, "attentionNorm");
  yield* linear("attention.q", heads * headDim, width, attentionBias);
  yield* linear("attention.k", kvHeads * headDim, width, attentionBias);
  yield* linear("attention.v", kvHeads * headDim, width, attentionBias);
  yield* linear("attention.o", width, heads * headDim, outputBias);
  if (config.qkNorm) {
    yield ["attention.qNorm.weight", [headDim]];
    yield ["attention.kNorm.weight", [headDim]];
  }
  yield* normParameters(config, "mlpNorm");
  yield* mlpParameters(config);
}

function* mlpParameters({ width, ffnWidth, experts, activation, mlpBias }: DecoderConfig): Generator<Named> {
  if (experts > 0) yield ["mlp.router.weight", [experts, width]];
  for (let expert = 0; expert < Math.max(1, experts); expert++) {
    const path = experts > 0 ? `mlp.experts.${expert}` : "mlp";
    const bias = experts === 0 && mlpBias;
    if (activation === "silu") yield* linear(`${path}.gate`, ffnWidth, width, bias);
    yield* linear(`${path}.up`, ffnWidth, width, bias);
    yield* linear(`${path}.down`, width, ffnWidth, bias);
  }
}

function* linear(name: string, output: number, input: number, bias: boolean): Generator<Named> {
  yield [`${name}.weight`, [output, input]];
  if (bias) yield [`${name}.bias`, [output]];
}

function* normParameters({ norm, width }: DecoderConfig, name: string): Generator<Named> {
  yield [`${name}.weight`, [width]];
  if (norm === "layer") yield [`${name}.bias`, [width]];
}

function gpt2Form(name: string, shape: Shape): ParameterForm {
  const third = ["q", "k", "v"].findIndex((each) => name.includes(`.attention.${each}.`));
  const transposed = shape.length === 2 && name.startsWith("layers.");
  const last = third < 0 ? shape[0] : 3 * shape[0];
  return {
    name,
    shape,
    stored: {
      name: renamed(name, gpt2Names),
      shape: transposed ? [shape[1], last] : [last, ...shape.slice(1)],
      transposed,
      ...(third < 0 ? {} : { third: third as 0 | 1 | 2 }),
    },
  };
}

function llamaForm(name: string, shape: Shape): ParameterForm {
  return { name, shape, stored: { name: renamed(name, llamaNames), shape, transposed: false } };
}

type Rule = readonly [ours: RegExp, theirs: string];

const gpt2Names: readonly Rule[] = [
  [/^embed\./, "transformer.wte."],
  [/^positions\./, "transformer.wpe."],
  [/^norm\./, "transformer.ln_f."],
  [/^head\./, "lm_head."],
  [/^layers\./, "transformer.h."],
  [/\.attention\.[qkv]\./, ".attn.c_attn."],
  [/\.attention\.o\./, ".attn.c_proj."],
  [/\.attentionNorm\./, ".ln_1."],
  [/\.mlpNorm\./, ".ln_2."],
  [/\.mlp\.up\./, ".mlp.c_fc."],
  [/\.mlp\.down\./, ".mlp.c_proj."],
];

const llamaNames: readonly Rule[] = [
  [/^embed\./, "model.embed_tokens."],
  [/^norm\./, "model.norm."],
  [/^head\./, "lm_head."],
  [/^layers\./, "model.layers."],
  [/\.attention\.([qkvo])\./, ".self_attn.$1_proj."],
  [/\.attention\.([qk])Norm\./, ".self_attn.$1_norm."],
  [/\.attentionNorm\./, ".input_layernorm."],
  [/\.mlpNorm\./, ".post_attention_layernorm."],
  [/\.mlp\.router\./, ".block_sparse_moe.gate."],
  [/\.mlp\.experts\.(\d+)\.gate\./, ".block_sparse_moe.experts.$1.w1."],
  [/\.mlp\.experts\.(\d+)\.down\./, ".block_sparse_moe.experts.$1.w2."],
  [/\.mlp\.experts\.(\d+)\.up\./, ".block_sparse_moe.experts.$1.w3."],
  [/\.mlp\.(gate|up|down)\./, ".mlp.$1_proj."],
];

function renamed(name: string, rules: readonly Rule[]): string {
  return rules.reduce((text, [ours, theirs]) => text.replace(ours, theirs), name);
}

/** The same name in a file of the model without its head, which leaves out `transformer.` or `model.`. */
export function withoutPrefix(name: string): string {
  return name.replace(/^(?:transformer|model)\./, "");
}

/** Whether a tensor is no parameter: masks and frequencies that older files of the library hold. */
export function isTable(name: string): boolean {
  return /(?:^|\.)h\.\d+\.attn\.(?:bias|masked_bias)$|\.rotary_emb\.inv_freq$/.test(name);
}
