/**
 * A transformer that predicts the next token: GPT-2, Llama, Qwen2, Qwen3 and Mixtral are this file by configuration.
 *
 * Tokens of all sequences lie one after the other, [tokens, width]. Each block adds to that stream twice: attention
 * brings in what earlier tokens know, the MLP works on each token alone. The head reads the stream as one score
 * for each word of the vocabulary.
 */
import {
  Embedding,
  GatedMLP,
  type Init,
  type KeyValueCache,
  LayerNorm,
  type LayerOptions,
  Linear,
  type MixtureTokens,
  MLP,
  type MlpOptions,
  Module,
  MoE,
  type ParameterOptions,
  RMSNorm,
  type RotaryTables,
  SelfAttention,
  type Sequences,
} from "../nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../tensor/index.ts";
import type { DecoderConfig } from "./decoder-config.ts";
import { rotaryTables } from "./rotary.ts";

/** Tokens of a batch, and where they lie and stand. */
export interface Batch extends Sequences {
  /** i32 [tokens] */
  readonly tokens: Tensor;
  /** What mixtures of experts are told of the tokens. */
  readonly mixture?: MixtureTokens;
}

/** How the parameters are made. */
export type DecoderOptions = Pick<ParameterOptions, "dtype" | "gradDType" | "empty" | "meta"> & {
  /** Positions that there are tables for: the model's own if not given. */
  readonly positions?: number;
};

/** Attention, then an MLP, each on the normalised stream and added to it. */
export class Block extends Module<[x: Tensor, batch: Batch, rotary?: RotaryTables, cache?: KeyValueCache]> {
  /** Before the attention. */
  readonly attentionNorm: Module;
  /** What brings in earlier tokens. */
  readonly attention: SelfAttention;
  /** Before the MLP. */
  readonly mlpNorm: Module;
  /** What works on each token alone: an MLP, or a mixture of experts. */
  readonly mlp: MLP | GatedMLP | MoE;

  constructor(device: TensorDevice, config: DecoderConfig, layer: number, options: LayerOptions) {
    super(device);
    const { width, mlpBias: bias } = config;
    // What is added to the stream begins smaller, the more layers add to it (GPT-2).
    const outputInit: Init = { kind: "normal", std: config.initializerRange / Math.sqrt(2 * config.layers) };
    this.attentionNorm = makeNorm(device, config, options);
    this.attention = new SelfAttention(device, width, layer, {
      ...options,
      heads: config.heads,
      kvHeads: config.kvHeads,
      headDim: config.headDim,
      bias: config.attentionBias,
      outputBias: config.outputBias,
      qkNorm: config.qkNorm,
      normEps: config.normEps,
      outputInit,
    });
    this.mlpNorm = makeNorm(device, config, options);
    this.mlp = makeMlp(device, config, { ...options, bias, outputInit });
  }

  /** @param x f32 [tokens, width] */
  forward(x: Tensor, batch: Batch, rotary?: RotaryTables, cache?: KeyValueCache): Tensor {
    const y = x.add(this.attention.call(this.attentionNorm.call(x), batch, rotary, cache));
    const z = this.mlpNorm.call(y);
    return y.add(this.mlp instanceof MoE ? this.mlp.call(z, batch.mixture) : this.mlp.call(z));
  }
}

/** The whole model. */
export class Decoder extends Module<[batch: Batch, cache?: KeyValueCache, rows?: Tensor]> {
  /** Its form. */
  readonly config: DecoderConfig;
  /** [vocabularySize, width] */
  readonly embed: Embedding;
  /** Learned positions, where the model has them. */
  readonly positions: Embedding | undefined;
  /** From the first to the last. */
  readonly layers: readonly Block[];
  /** Before the head. */
  readonly norm: Module;
  /** The output projection; the embedding's weight if not there. */
  readonly head: Linear | undefined;
  /** Tables of rotary positions, where the model has them. */
  readonly rotary: RotaryTables | undefined;

  constructor(device: TensorDevice, config: DecoderConfig, options: DecoderOptions = {}) {
    super(device);
    const { positions = config.maxPositions, ...rest } = options;
    const { width, vocabularySize } = config;
    const parameters: LayerOptions = { ...rest, init: { kind: "normal", std: config.initializerRange } };
    this.config = config;
    this.embed = new Embedding(device, vocabularySize, width, parameters);
    this.positions =
      config.positions === "learned" ? new Embedding(device, config.maxPositions, width, parameters) : undefined;
    this.layers = Array.from({ length: config.layers }, (_, layer) => new Block(device, config, layer, parameters));
    this.norm = makeNorm(device, config, parameters);
    this.head = config.tied ? undefined : new Linear(device, width, vocabularySize, { ...parameters, bias: false });
    this.rotary = config.positions === "rope" ? rotaryTables(device, config, positions) : undefined;
  }

  /**
   * @param cache keeps keys and values for calls to come.
   * @param rows i32: the tokens whose scores are wanted; all if not given.
   * @returns logits, f32 [tokens or rows, vocabularySize].
   */
  forward(batch: Batch, cache?: KeyValueCache, rows?: Tensor): Tensor {
    return this.leave(this.stream(batch, cache), rows);
  }

  /** What the last layer leaves: f32 [tokens, width]. */
  stream(batch: Batch, cache?: KeyValueCache): Tensor {
    let x = this.enter(batch);
    for (const layer of this.layers) x = this.pass(layer, x, batch, cache);
    return x;
  }

  /** What the head reads: the stream behind the last layer, normalised. @returns f32 [tokens, width]. */
  hidden(batch: Batch, cache?: KeyValueCache): Tensor {
    return this.norm.call(this.stream(batch, cache));
  }

  /** What the first layer reads: f32 [tokens, width]. */
  enter(batch: Batch): Tensor {
    const x = this.embed.call(batch.tokens);
    return this.positions ? x.add(this.positions.call(batch.positions)) : x;
  }

  /** The stream behind one of its layers. */
  pass(layer: Block, x: Tensor, batch: Batch, cache?: KeyValueCache): Tensor {
    return layer.call(x, batch, this.rotary, cache);
  }

  /** Scores, of what the last layer has left. */
  leave(x: Tensor, rows?: Tensor): Tensor {
    const read = this.norm.call(rows ? F.embedding({ table: x, index: rows }) : x);
    return this.head ? this.head.call(read) : F.linear({ x: read, weight: this.#tiedHead() });
  }

  override dispose(): void {
    super.dispose();
    this.rotary?.cos.dispose();
    this.rotary?.sin.dispose();
  }

  #tiedHead(): Tensor {
    const { weight } = this.embed;
    return weight.dtype === "f32" ? weight : weight.to("f32");
  }
}

function makeMlp(device: TensorDevice, config: DecoderConfig, form: MlpOptions): Block["mlp"] {
  const { width, ffnWidth, experts, expertsPerToken: perToken, normalizeTopK: normalize, mixture } = config;
  if (experts > 0) return new MoE(device, width, ffnWidth, { ...form, ...mixture, experts, perToken, normalize });
  return config.activation === "silu"
    ? new GatedMLP(device, width, ffnWidth, form)
    : new MLP(device, width, ffnWidth, form);
}

function makeNorm(device: TensorDevice, { norm, width, normEps: eps }: DecoderConfig, options: LayerOptions): Module {
  return norm === "rms"
    ? new RMSNorm(device, width, { ...options, eps })
    : new LayerNorm(device, width, { ...options, eps });
}

/** What is asked of a model that writes: a `Decoder`, or one with weights of few bits. */
export type LanguageModel = Pick<Decoder, "device" | "config" | "call" | "stream" | "leave" | "hidden">;
