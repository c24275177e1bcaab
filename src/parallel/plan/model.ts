/**
 * A model as numbers: what a plan has to know of it. Read from a decoder's form, or made of the few numbers that papers give.
 * Its parameters are listed one by one, each with how tensor parallelism cuts it, so that counts are exact.
 */
import type { DecoderConfig } from "../../models/index.ts";

/** What a plan knows of a model. */
export interface PlannedModel {
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Hidden width of an MLP, or of one expert. */
  readonly ffnWidth: number;
  /** Whether an MLP has a gate: three matrices in place of two. */
  readonly gated: boolean;
  /** Rows of learned positions; 0 for none. */
  readonly positions: number;
  readonly tied: boolean;
  readonly norm: "rms" | "layer";
  readonly attentionBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  readonly qkNorm: boolean;
  /** 0: a plain MLP. */
  readonly experts: number;
  readonly expertsPerToken: number;
}

/** A parameter of a model, or one of each of its blocks. */
export interface PlannedParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** The axis that tensor parallelism cuts, if any. */
  readonly cut?: number;
  /** Whether it belongs to one expert: there are as many as experts. */
  readonly expert?: boolean;
}

/** The numbers of a decoder, such as one read from a config.json. */
export function modelOf(config: DecoderConfig): PlannedModel {
  const { vocabularySize, width, layers, heads, kvHeads, headDim, ffnWidth, tied, norm, qkNorm } = config;
  const { attentionBias, outputBias, mlpBias, experts, expertsPerToken } = config;
  return {
    ...{ vocabulary: vocabularySize, width, layers, heads, kvHeads, headDim, ffnWidth, tied, norm, qkNorm },
    ...{ attentionBias, outputBias, mlpBias, experts, expertsPerToken },
    gated: config.activation === "silu",
    positions: config.positions === "learned" ? config.maxPositions : 0,
  };
}

/** What papers say of a GPT. */
export interface GptNumbers {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly vocabulary: number;
  /** Tokens of a sample, which are as many as learned positions. */
  readonly sequence: number;
  /** Whether it has biases, as GPT-2 has, and MPT has not; true if not given. */
  readonly biases?: boolean;
}

/** A GPT with an MLP of four times its width and a tied head. */
export function gptModel({ width, layers, heads, vocabulary, sequence, biases = true }: GptNumbers): PlannedModel {
  return {
    ...{ vocabulary, width, layers, heads, kvHeads: heads, headDim: width / heads, ffnWidth: 4 * width },
    ...{ gated: false, positions: sequence, tied: true, norm: "layer", qkNorm: false },
    ...{ attentionBias: biases, outputBias: biases, mlpBias: biases, experts: 0, expertsPerToken: 0 },
  };
}

/** Parameters in front of the blocks, of one block, and behind the blocks. A tied head is the embedding, and not listed twice. */
export interface ParameterList {
  readonly first: readonly PlannedParameter[];
  readonly block: readonly PlannedParameter[];
  readonly last: readonly PlannedParameter[];
}

/** All parameters, as `Decoder` has them; cut as `decoderPlan` cuts. */
export function parametersOf(model: PlannedModel): ParameterList {
  const { vocabulary, width, positions, tied } = model;
  const norm = normOf(model);
  const first: PlannedParameter[] = [{ name: "embed.weight", shape: [vocabulary, width], cut: 0 }];
  if (positions > 0) first.push({ name: "positions.weight", shape: [positions, width] });
  const last = norm("norm");
  if (!tied) last.push({ name: "head.weight", shape: [vocabulary, width], cut: 0 });
  return { first, last, block: blockOf(model) };
}

function blockOf(model: PlannedModel): PlannedParameter[] {
  const { width, heads, kvHeads, headDim, ffnWidth, gated, attentionBias, outputBias, mlpBias, qkNorm, experts } =
    model;
  const norm = normOf(model);
  const linear = (name: string, [output, input]: readonly [number, number], cut: number, bias: boolean) => {
    const list: PlannedParameter[] = [{ name: `${name}.weight`, shape: [output, input], cut }];
    // What is cut along its input gives sums, to which a bias is added once.
    if (bias) list.push({ name: `${name}.bias`, shape: [output], ...(cut === 0 ? { cut } : {}) });
    return list;
  };
  const [query, kv] = [heads * headDim, kvHeads * headDim];
  const mlp = [
    ...(gated ? linear("mlp.gate", [ffnWidth, width], 0, mlpBias) : []),
    ...linear("mlp.up", [ffnWidth, width], 0, mlpBias),
    ...linear("mlp.down", [width, ffnWidth], 1, mlpBias),
  ];
  return [
    ...norm("attentionNorm"),
    ...linear("attention.q", [query, width], 0, attentionBias),
    ...linear("attention.k", [kv, width], 0, attentionBias),
    ...linear("attention.v", [kv, width], 0, attentionBias),
    ...linear("attention.o", [width, query], 1, outputBias),
    ...(qkNorm ? ["qNorm", "kNorm"].map((name) => ({ name: `attention.${name}.weight`, shape: [headDim] })) : []),
    ...norm("mlpNorm"),
    ...(experts > 0 ? [{ name: "mlp.router.weight", shape: [experts, width] }] : []),
    ...(experts > 0 ? mlp.map((each) => ({ ...each, expert: true })) : mlp),
  ];
}

function normOf({ width, norm }: PlannedModel): (name: string) => PlannedParameter[] {
  return (name) => [
    { name: `${name}.weight`, shape: [width] },
    ...(norm === "layer" ? [{ name: `${name}.bias`, shape: [width] }] : []),
  ];
}

/** Elements of a shape. */
export const elementsOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** How many parameters a model has. */
export function parameterCount(model: PlannedModel): number {
  const { first, block, last } = parametersOf(model);
  const of = (list: readonly PlannedParameter[]): number =>
    list.reduce((sum, { shape, expert }) => sum + elementsOf(shape) * (expert ? model.experts : 1), 0);
  return of(first) + model.layers * of(block) + of(last);
}

/** Parameters that one token passes: of its experts alone, and not the lookups of embeddings. */
export function activeParameterCount(model: PlannedModel): number {
  const of = (list: readonly PlannedParameter[]): number =>
    list.reduce((sum, { shape, expert }) => sum + elementsOf(shape) * (expert ? model.expertsPerToken : 1), 0);
  const { block, last } = parametersOf(model);
  return model.layers * of(block) + of(last) + (model.tied ? model.vocabulary * model.width : 0);
}
