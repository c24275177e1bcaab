/**
 * The float64 twin of a decoder (`models/decoder.ts`), its loss and all its gradients, each number with its magnitude:
 * what the gradients of any layout are held against. It reads the whole batch on one rank, with the whole weights, and
 * shares no line with what it judges.
 */
import { type DecoderConfig, rotaryFrequencies } from "../../models/index.ts";
import { IGNORED } from "../../nn/index.ts";
import { type Shape, sizeOfShape } from "../../tensor/index.ts";
import { mixtureTwin } from "./experts.ts";
import { Node } from "./reverse.ts";
import { Rounded } from "./rounded.ts";

/** Numbers, and of each the magnitude of its rounding error in f32: Σ |terms| of all that led to it. */
export interface TwinNumbers {
  readonly value: Float64Array;
  readonly magnitude: Float64Array;
}

/** Weights by the names of `model.namedParameters()`, each the whole. */
export type WholeWeights = Readonly<Record<string, { readonly shape: Shape; readonly data: ArrayLike<number> }>>;

/** All tokens of all ranks and micro-batches, one sequence after the other. */
export interface WholeBatch {
  /** [tokens] */
  readonly tokens: ArrayLike<number>;
  /** [tokens]: the place of each in its sequence. */
  readonly positions: ArrayLike<number>;
  /** [sequences + 1]: where each sequence begins, and the end of the last. */
  readonly starts: ArrayLike<number>;
  /** [tokens]: the id to predict, or -100. */
  readonly targets: ArrayLike<number>;
  /** [tokens]: factor of each target's loss; 1 if not given. */
  readonly weights?: ArrayLike<number>;
}

/** What the judge holds a layout's numbers against. */
export interface TwinGradients {
  /** Σ loss / count: one number. */
  readonly loss: TwinNumbers;
  /** By the names of the weights. */
  readonly gradients: Readonly<Record<string, TwinNumbers>>;
}

/**
 * Runs the decoder forward and backward in float64. Every head has its tokens times tokens of scores, so this is for some
 * hundreds of tokens.
 * @param count what the summed loss is divided by: of the targets that count, on all ranks.
 * @throws RangeError for experts whose scores are so close that rounding may choose, and for weights or a batch that do not fit.
 */
export function twinGradients(
  config: DecoderConfig,
  weights: WholeWeights,
  batch: WholeBatch,
  count: number,
): TwinGradients {
  check(config, batch, count);
  const asked = new Map<string, Node>();
  const leaf = (name: string, rows: number, cols: number): Node => {
    const known = asked.get(name);
    if (known) return known;
    const stored = weights[name];
    if (!stored)
      throw new RangeError(`The twin needs ${name}, but the weights have ${Object.keys(weights).join(", ")}.`);
    if (sizeOfShape(stored.shape) !== rows * cols || stored.shape.at(-1) !== cols || stored.data.length !== rows * cols)
      throw new RangeError(
        `${name} is [${stored.shape}] of ${stored.data.length} numbers, but this form has [${rows}, ${cols}].`,
      );
    const made = new Node(Rounded.exact(rows, cols, stored.data));
    asked.set(name, made);
    return made;
  };
  const loss = new Twin(config, leaf, batch).loss(batch).scale(1 / count);
  for (const name of Object.keys(weights))
    if (!asked.has(name)) throw new RangeError(`A ${config.family} of this form has no ${name}.`);
  loss.backward(Rounded.exact(1, 1, [1]));
  const gradients = [...asked].map(([name, { grad, rows, cols }]) => [name, judged(grad ?? Rounded.zeros(rows, cols))]);
  return { loss: judged(loss.data), gradients: Object.fromEntries(gradients) };
}

const judged = (x: Rounded): TwinNumbers => ({ value: x.value, magnitude: x.magnitude() });

function check({ vocabularySize, maxPositions, mixture = {} }: DecoderConfig, batch: WholeBatch, count: number): void {
  const { tokens, positions, starts, targets, weights } = batch;
  const { capacity, auxiliary = 0, zLoss = 0, biased = false } = mixture;
  if (capacity !== undefined || auxiliary !== 0 || zLoss !== 0 || biased)
    throw new RangeError("The twin's mixtures drop nothing, and have no terms of balance and no bias: leave them out.");
  if (!(count > 0)) throw new RangeError(`The count is that of all targets, at least 1, but it is ${count}.`);
  for (const [name, list] of Object.entries({ positions, targets, weights }))
    if (list && list.length !== tokens.length)
      throw new RangeError(`${tokens.length} tokens have ${list.length} ${name}: there is one for each.`);
  const ordered = Array.from(starts).every((start, i) => i === 0 || start >= starts[i - 1]);
  if (starts[0] !== 0 || starts[starts.length - 1] !== tokens.length || !ordered)
    throw new RangeError(`starts go up from 0 to all ${tokens.length} tokens, but are [${Array.from(starts)}].`);
  for (let i = 0; i < tokens.length; i++) {
    const [token, position, target] = [tokens[i], positions[i], targets[i]];
    if (!(token >= 0 && token < vocabularySize) || (target !== IGNORED && !(target >= 0 && target < vocabularySize)))
      throw new RangeError(`Token ${i} is ${token} and its target ${target}, in a vocabulary of ${vocabularySize}.`);
    if (!(position >= 0 && position < maxPositions))
      throw new RangeError(`Token ${i} is at position ${position}, but there are ${maxPositions}.`);
  }
}

type Leaf = (name: string, rows: number, cols: number) => Node;

/** The decoder, layer by layer. */
class Twin {
  readonly #config: DecoderConfig;
  readonly #leaf: Leaf;
  readonly #batch: WholeBatch;
  /** [tokens, tokens]: 1 where a query sees a key. */
  readonly #visible: Rounded;
  readonly #cos: Node;
  readonly #sin: Node;

  constructor(config: DecoderConfig, leaf: Leaf, batch: WholeBatch) {
    this.#config = config;
    this.#leaf = leaf;
    this.#batch = batch;
    this.#visible = causal(batch);
    const frequencies = rotaryFrequencies(config);
    const table = (f: (angle: number) => number): Node => {
      const rows = Array.from(batch.positions, (position) => frequencies.map((each) => f(position * each)));
      return new Node(Rounded.once(rows.length, frequencies.length, rows.flat()));
    };
    [this.#cos, this.#sin] = [table(Math.cos), table(Math.sin)];
  }

  /** The sum of all targets' losses, [1, 1]. */
  loss({ targets, weights }: WholeBatch): Node {
    const counted = Array.from(targets, (_, row) => row).filter((row) => targets[row] !== IGNORED);
    const logits = this.#logits().takeRows(counted);
    const each = logits.logSumExp().sub(logits.pick(counted.map((row) => targets[row])));
    const factors = Rounded.exact(
      counted.length,
      1,
      counted.map((row) => weights?.[row] ?? 1),
    );
    return (weights ? each.mul(new Node(factors)) : each).total();
  }

  #logits(): Node {
    const { width, vocabularySize, maxPositions, layers, positions, tied } = this.#config;
    const table = this.#leaf("embed.weight", vocabularySize, width);
    let x = table.takeRows(this.#batch.tokens);
    if (positions === "learned")
      x = x.add(this.#leaf("positions.weight", maxPositions, width).takeRows(this.#batch.positions));
    for (let i = 0; i < layers; i++) {
      x = x.add(this.#attention(this.#norm(x, `layers.${i}.attentionNorm`), `layers.${i}.attention`));
      x = x.add(this.#mlp(this.#norm(x, `layers.${i}.mlpNorm`), `layers.${i}.mlp`));
    }
    const head = tied ? table : this.#leaf("head.weight", vocabularySize, width);
    return this.#norm(x, "norm").matmul(head.transpose());
  }

  /** x Wᵀ + b. */
  #linear(x: Node, name: string, out: number, bias: boolean): Node {
    const y = x.matmul(this.#leaf(`${name}.weight`, out, x.cols).transpose());
    return bias ? y.add(this.#leaf(`${name}.bias`, 1, out)) : y;
  }

  #norm(x: Node, name: string): Node {
    const weight = this.#leaf(`${name}.weight`, 1, x.cols);
    if (this.#config.norm === "rms") return this.#rms(x, weight);
    return this.#rms(x.sub(x.mean()), weight).add(this.#leaf(`${name}.bias`, 1, x.cols));
  }

  /** x / √(mean(x²) + eps) · weight. */
  #rms(x: Node, weight: Node): Node {
    return x.mul(x.mul(x).mean().shift(this.#config.normEps).rsqrt()).mul(weight);
  }

  #attention(x: Node, name: string): Node {
    const { width, heads, kvHeads, headDim, attentionBias, outputBias } = this.#config;
    const split = (part: "q" | "k" | "v", count: number): Node[] => {
      const y = this.#linear(x, `${name}.${part}`, count * headDim, attentionBias);
      return Array.from({ length: count }, (_, head) => y.columns(head * headDim, (head + 1) * headDim));
    };
    const q = split("q", heads).map((head) => this.#placed(head, `${name}.qNorm`));
    const k = split("k", kvHeads).map((head) => this.#placed(head, `${name}.kNorm`));
    const v = split("v", kvHeads);
    const mixed = q.map((head, h) => {
      const shared = Math.floor((h * kvHeads) / heads);
      const scores = head.matmul(k[shared].transpose(), "n").scale(1 / Math.sqrt(headDim));
      return scores.softmax(this.#visible).matmul(v[shared], "k");
    });
    return this.#linear(Node.beside(mixed), `${name}.o`, width, outputBias);
  }

  /** A head of queries or keys: its own norm, where the model has one, and its positions. */
  #placed(head: Node, norm: string): Node {
    const { qkNorm, positions, headDim } = this.#config;
    const x = qkNorm ? this.#rms(head, this.#leaf(`${norm}.weight`, 1, headDim)) : head;
    if (positions === "learned") return x;
    const [a, b] = [x.columns(0, headDim / 2), x.columns(headDim / 2, headDim)];
    const [cos, sin] = [this.#cos, this.#sin];
    return Node.beside([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))]);
  }

  #mlp(x: Node, name: string): Node {
    const { width, ffnWidth, mlpBias, activation, experts } = this.#config;
    if (experts > 0) {
      const logits = this.#linear(x, `${name}.router`, experts, false);
      return mixtureTwin(logits, this.#config, (e) => this.#gated(x, `${name}.experts.${e}`));
    }
    const up = this.#linear(x, `${name}.up`, ffnWidth, mlpBias);
    const inner = activation === "silu" ? silu(this.#linear(x, `${name}.gate`, ffnWidth, mlpBias)).mul(up) : gelu(up);
    return this.#linear(inner, `${name}.down`, width, mlpBias);
  }

  /** An expert, which has no biases. */
  #gated(x: Node, name: string): Node {
    const { width, ffnWidth } = this.#config;
    const [gate, up] = ["gate", "up"].map((part) => this.#linear(x, `${name}.${part}`, ffnWidth, false));
    return this.#linear(silu(gate).mul(up), `${name}.down`, width, false);
  }
}

const silu = (x: Node): Node => x.mul(x.sigmoid());

/** The tanh form: x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))). */
function gelu(x: Node): Node {
  const inner = x.add(x.mul(x).mul(x).scale(0.044715)).scale(Math.sqrt(2 / Math.PI));
  return inner.tanh().shift(1).mul(x).scale(0.5);
}

/** A query sees the keys of its own sequence, up to itself. */
function causal({ tokens, starts }: WholeBatch): Rounded {
  const visible = Rounded.zeros(tokens.length, tokens.length);
  for (let s = 0; s + 1 < starts.length; s++)
    for (let i = starts[s]; i < starts[s + 1]; i++)
      for (let j = starts[s]; j <= i; j++) visible.value[i * tokens.length + j] = 1;
  return visible;
}
