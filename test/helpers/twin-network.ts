/**
 * What networks are made of, composed of the operations of the float64 twin alone: no derivative is written here, so
 * none can be wrong here. Fused kernels and the modules of nn are compared with these.
 */
import { Value } from "../../src/autograd/twin.ts";
import { Plain } from "../../src/tensor/plain.ts";
import { broadcastShapes, checkAxis, type Shape } from "../../src/tensor/shape.ts";

/** Numbers that no gradient flows to. */
export function constant(shape: Shape, at: (index: number[]) => number): Value {
  return new Value(Plain.build(shape, at));
}

/** The same numbers, cut off from what they were made of. */
export const detach = (x: Value): Value => new Value(x.data);

/** |x|; the slope at 0 is 0. */
export const abs = (x: Value): Value => x.mul(new Value(x.data.map(Math.sign)));

/** The larger of both; where they are equal, each gets half of the gradient, as in torch. */
export function maximum(a: Value, b: Value): Value {
  const share = new Value(a.data.zip(b.data, (x, y) => (x === y ? 0.5 : x > y ? 1 : 0)));
  return a.mul(share).add(b.mul(share.neg().add(1)));
}

export const minimum = (a: Value, b: Value): Value => maximum(a.neg(), b.neg()).neg();

/** The maximum along an axis; the first one gets the gradient. */
export function max(x: Value, axis: number, keepdim = false): Value {
  const at = checkAxis(axis, x.shape.length);
  const best = x.data.reduce(at, (values) => values.indexOf(Math.max(...values)));
  return x.mul(constant(x.shape, (index) => Number(best.at(index.toSpliced(at, 1)) === index[at]))).sum(at, keepdim);
}

export const min = (x: Value, axis: number, keepdim = false): Value => max(x.neg(), axis, keepdim).neg();

/** The product along an axis, one factor after the other: a factor of 0 has a gradient, too. */
export function prod(x: Value, axis: number, keepdim = false): Value {
  const at = checkAxis(axis, x.shape.length);
  let product = constant(x.shape.with(at, 1), () => 1);
  for (let i = 0; i < x.shape[at]; i++) product = product.mul(x.slice(at, i, i + 1));
  return keepdim ? product : product.reshape(x.shape.filter((_, i) => i !== at));
}

/** x · sigmoid(x). */
export const silu = (x: Value): Value => x.mul(x.sigmoid());

/** The tanh form: x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))). */
export function gelu(x: Value): Value {
  const inner = x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
  return inner.tanh().add(1).mul(x).mul(0.5);
}

/** silu(gate) · up. */
export const swiglu = (gate: Value, up: Value): Value => silu(gate).mul(up);

/** x / √(mean(x²) + eps) · weight, along the last axis. */
export function rmsNorm(x: Value, weight: Value, eps: number): Value {
  return x.div(x.mul(x).mean(-1, true).add(eps).sqrt()).mul(weight);
}

/** (x - mean) / √(variance + eps) · weight + bias, along the last axis; the variance divides by all columns. */
export function layerNorm(x: Value, weight: Value, bias: Value, eps: number): Value {
  const centred = x.sub(x.mean(-1, true));
  return centred.div(centred.mul(centred).mean(-1, true).add(eps).sqrt()).mul(weight).add(bias);
}

/** eˣ / Σ eˣ in logarithms, along the last axis. */
export function logSoftmax(x: Value): Value {
  const shifted = x.sub(detach(max(x, -1, true)));
  return shifted.sub(shifted.exp().sum(-1, true).log());
}

/**
 * The negative log-likelihood of targets, as a sum and the count of those that count.
 * @param logits [rows, cols] @param targets a column for each row, or `ignored`.
 */
export function crossEntropy(
  logits: Value,
  targets: readonly number[],
  ignored = -100,
): { sum: Value; count: number; each: Value } {
  const counted = [...targets.keys()].filter((row) => targets[row] !== ignored);
  const cols = logits.shape[1];
  const likely = logSoftmax(logits.rows(counted)).reshape([counted.length * cols]);
  const each = likely.rows(counted.map((row, at) => at * cols + targets[row])).neg();
  return { sum: each.sum(), count: counted.length, each };
}

/**
 * Rotary positions, halves of a head against each other, as Hugging Face lays them out.
 * @param x [tokens, heads, dim] @param positions one for each token @param base theta
 */
export function rope(x: Value, positions: readonly number[], base: number): Value {
  const [tokens, , dim] = x.shape;
  const half = dim / 2;
  const angle = (token: number, i: number): number => positions[token] * base ** (-(2 * (i % half)) / dim);
  const cos = constant([tokens, 1, dim], ([token, , i]) => Math.cos(angle(token, i)));
  const sin = constant([tokens, 1, dim], ([token, , i]) => Math.sin(angle(token, i)));
  const quarter = constant([dim, dim], ([from, to]) => (from === to + half ? -1 : from + half === to ? 1 : 0));
  return x.mul(cos).add(x.matmul(quarter).mul(sin));
}

/**
 * softmax(q kᵀ · scale) v for each head; `heads / kvHeads` neighbouring heads of q share one of k and v.
 * @param q [tokens, heads, dim] @param k [tokens, kvHeads, dim] @param v like k
 * @param options.starts where packed sequences begin, and the end of the last; none sees another.
 */
export function attention(
  q: Value,
  k: Value,
  v: Value,
  options: { causal?: boolean; scale?: number; starts?: readonly number[] } = {},
): Value {
  const [tokens, heads, dim] = q.shape;
  const { causal = true, scale = 1 / Math.sqrt(dim), starts = [0, tokens] } = options;
  const shared = Array.from({ length: heads }, (_, head) => Math.floor((head * k.shape[1]) / heads));
  const ofHeads = (x: Value): Value => x.permute([1, 0, 2]);
  const sequence = (token: number): number => starts.findLastIndex((start) => start <= token);
  const hidden = ([i, j]: number[]): boolean => sequence(i) !== sequence(j) || (causal && j > i);
  const mask = constant([tokens, tokens], (pair) => (hidden(pair) ? -Infinity : 0));
  const keys = ofHeads(k).rows(shared).transpose();
  const weights = ofHeads(q).matmul(keys).mul(scale).add(mask).softmax();
  return ofHeads(weights.matmul(ofHeads(v).rows(shared)));
}

/**
 * How much each expert counts for each token: the softmax over all experts, of which the k largest stay.
 * @param logits [tokens, experts] @returns like it, 0 for the rest; of equal ones the first stays.
 */
export function routing(logits: Value, k: number, renormalize: boolean): Value {
  const p = logits.softmax();
  const rank = ([token, expert]: number[]): number => {
    const mine = p.data.at([token, expert]);
    let before = 0;
    for (let other = 0; other < logits.shape[1]; other++) {
      const theirs = p.data.at([token, other]);
      if (theirs > mine || (theirs === mine && other < expert)) before++;
    }
    return before;
  };
  const kept = p.mul(constant(p.shape, (index) => Number(rank(index) < k)));
  return renormalize ? kept.div(kept.sum(-1, true)) : kept;
}

/** Numbers that broadcast to a shape, written out. */
export function expand(x: Value, shape: Shape): Value {
  broadcastShapes(x.shape, shape);
  return x.add(constant(shape, () => 0));
}
