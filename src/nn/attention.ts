/**
 * Self-attention with rotary positions and grouped key heads, over sequences that lie one after the other:
 * [tokens, heads, dim] from end to end, so that nothing is transposed and no padding is computed.
 */
import { functional as F, type Tensor, type TensorDevice } from "../tensor/index.ts";
import { type LayerOptions, Linear, RMSNorm } from "./layers.ts";
import { Module } from "./module.ts";

/** Where the tokens of a batch lie and stand. */
export interface Sequences {
  /** i32 [sequences + 1]: where each sequence begins among the tokens, and the end of the last. */
  readonly starts: Tensor;
  /** i32 [tokens]: the place of each token in its sequence. */
  readonly positions: Tensor;
}

/** Cosines and sines of the rotary positions, f32 [positions, dim / 2]. */
export interface RotaryTables {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** Keeps keys and values of earlier tokens: what attention asks of a cache. */
export interface KeyValueCache {
  /** Takes the keys and values of new tokens of a layer, and attends to all that are there. @returns [tokens, heads, dim]. */
  attend(layer: number, q: Tensor, k: Tensor, v: Tensor, sequences: Sequences): Tensor;
}

/** Form of an attention. */
export interface AttentionOptions extends LayerOptions {
  readonly heads: number;
  /** Heads of keys and values; `heads` is a multiple of it. */
  readonly kvHeads?: number;
  /** width / heads, if not given. */
  readonly headDim?: number;
  /** Biases of q, k and v, as Qwen2's and GPT-2's. */
  readonly bias?: boolean;
  /** Bias of the output projection, as GPT-2's. */
  readonly outputBias?: boolean;
  /** Norms of each head of q and k, as Qwen3's. */
  readonly qkNorm?: boolean;
  readonly normEps?: number;
  /** First values of the output projection, which deep models begin smaller. */
  readonly outputInit?: LayerOptions["init"];
}

/** Self-attention over sequences that lie one after the other. */
export class SelfAttention extends Module<
  [x: Tensor, sequences: Sequences, rotary?: RotaryTables, cache?: KeyValueCache]
> {
  /** Queries: [heads · dim, width]. */
  readonly q: Linear;
  /** Keys: [kvHeads · dim, width]. */
  readonly k: Linear;
  /** Values: as the keys. */
  readonly v: Linear;
  /** What the heads found, back into the stream: [width, heads · dim]. */
  readonly o: Linear;
  /** Norm of each head of the queries, where there is one. */
  readonly qNorm: RMSNorm | undefined;
  /** Norm of each head of the keys, where there is one. */
  readonly kNorm: RMSNorm | undefined;
  /** Length of a head. */
  readonly headDim: number;
  /** Which layer of a cache is its own. */
  readonly layer: number;

  /** @throws RangeError when the heads do not share evenly. */
  constructor(device: TensorDevice, width: number, layer: number, options: AttentionOptions) {
    super(device);
    const {
      heads,
      kvHeads = heads,
      headDim = width / heads,
      bias = false,
      outputBias = false,
      qkNorm = false,
      normEps,
    } = options;
    const { outputInit, dtype, gradDType, empty, meta, init } = options;
    if (!Number.isInteger(headDim) || heads % kvHeads !== 0) {
      throw new RangeError(
        `Attention of width ${width} cannot have ${heads} heads of ${headDim} over ${kvHeads} of keys.`,
      );
    }
    const parameters = { dtype, gradDType, empty, meta, init };
    this.headDim = headDim;
    this.layer = layer;
    this.q = new Linear(device, width, heads * headDim, { ...parameters, bias });
    this.k = new Linear(device, width, kvHeads * headDim, { ...parameters, bias });
    this.v = new Linear(device, width, kvHeads * headDim, { ...parameters, bias });
    this.o = new Linear(device, heads * headDim, width, { ...parameters, init: outputInit ?? init, bias: outputBias });
    this.qNorm = qkNorm ? new RMSNorm(device, headDim, { ...parameters, eps: normEps }) : undefined;
    this.kNorm = qkNorm ? new RMSNorm(device, headDim, { ...parameters, eps: normEps }) : undefined;
  }

  /** @param x f32 [tokens, width]. @returns [tokens, width]. */
  forward(x: Tensor, sequences: Sequences, rotary?: RotaryTables, cache?: KeyValueCache): Tensor {
    const heads = (y: Tensor): Tensor => y.reshape([x.shape[0], y.shape[1] / this.headDim, this.headDim]);
    let q = heads(this.q.call(x));
    let k = heads(this.k.call(x));
    const v = heads(this.v.call(x));
    if (this.qNorm && this.kNorm) [q, k] = [this.qNorm.call(q), this.kNorm.call(k)];
    if (rotary) {
      const { positions: position } = sequences;
      [q, k] = [F.rope({ x: q, position, ...rotary }), F.rope({ x: k, position, ...rotary })];
    }
    const o = cache
      ? cache.attend(this.layer, q, k, v, sequences)
      : F.attention({ q, k, v, qStarts: sequences.starts, kStarts: sequences.starts }).o;
    return this.o.call(o.reshape([x.shape[0], q.shape[1] * this.headDim]));
  }
}
