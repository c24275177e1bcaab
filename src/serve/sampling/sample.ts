/**
 * Draws a token from logits. Which one is a function of the logits, the seed, the choice and the place: no batch, no
 * preemption and no other request can change it. The order is vLLM's: penalties and biases, temperature, min-p, top-k, top-p.
 */
import { argmaxOf, uniformAt } from "../../models/index.ts";
import type { Sampled, SamplingOptions } from "../engine/request.ts";
import type { Draw } from "../engine/runner.ts";
import { adjustLogits, isPlain } from "./adjust.ts";

/** Log-probabilities are not below it: JSON has no minus infinity. */
const LEAST = -9999;

/**
 * Draws the next token.
 * @param logits f32 [vocabulary], of the model; they stay as they are.
 * @returns with the log-probabilities that were asked for: those of the model, before penalties and temperature.
 */
export function sample(logits: Float32Array, { sampling, choice, tokens, promptLength }: Draw): Sampled {
  let adjusted = logits;
  if (!isPlain(sampling)) {
    adjusted = logits.slice();
    adjustLogits(adjusted, sampling, tokens, promptLength);
  }
  const token =
    sampling.temperature === 0
      ? argmaxOf(adjusted)
      : drawToken(adjusted, sampling, uniformAt(sampling.seed, choice, tokens.length));
  return sampling.logprobs === undefined ? { token } : { token, ...logprobsOf(logits, token, sampling.logprobs) };
}

/** Draws by a temperature above 0. @param u in [0, 1). */
export function drawToken(logits: Float32Array, options: SamplingOptions, u: number): number {
  const { temperature, topK, topP, minP } = options;
  const top = logits[argmaxOf(logits)];
  const weights = new Float64Array(logits.length);
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    const weight = Math.exp((logits[i] - top) / temperature); // 1 for the most likely one
    if (weight < minP) continue;
    weights[i] = weight;
    total += weight;
  }
  const isWhole = topP >= 1 && (topK <= 0 || topK >= logits.length);
  if (isWhole) return atMass(weights, undefined, u * total);
  const sorted = likeliest(weights, topK, topP, total);
  let kept = sorted;
  if (topK > 0 && topK < sorted.length) kept = sorted.slice(0, topK);
  const mass = topK > 0 ? kept.reduce((sum, i) => sum + weights[i], 0) : total;
  let [count, inside] = [0, 0];
  while (count < kept.length && (count === 0 || inside < topP * mass)) inside += weights[kept[count++]];
  return atMass(weights, kept.slice(0, count), u * inside);
}

/** Tokens by falling weight, the smaller id first of equals: all, or at least as many as top-k and top-p can want. */
function likeliest(weights: Float64Array, topK: number, topP: number, total: number): number[] {
  const order = (found: number[]): number[] => found.sort((a, b) => weights[b] - weights[a] || a - b);
  // Sorting a whole vocabulary takes longer than a small model's step: a few weights have nearly all of the mass.
  for (let least = 1e-2; least > 1e-12; least *= 1e-2) {
    const found: number[] = [];
    let mass = 0;
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] < least) continue;
      found.push(i);
      mass += weights[i];
    }
    // With top-k the mass that top-p is a part of is that of the k alone.
    if (topK > 0 ? found.length >= topK : mass >= topP * total) return order(found);
  }
  return order(Array.from(weights.keys()).filter((i) => weights[i] > 0));
}

/** The token at which the sum of weights passes `left`. @param order of the tokens; as they are if not given. */
function atMass(weights: Float64Array, order: readonly number[] | undefined, left: number): number {
  const length = order?.length ?? weights.length;
  let last = 0;
  let rest = left;
  for (let i = 0; i < length; i++) {
    const token = order ? order[i] : i;
    if (weights[token] === 0) continue;
    last = token;
    rest -= weights[token];
    if (rest < 0) return token;
  }
  return last; // rounding
}

/** Log-probability of a token and of the most likely ones, by the model's own logits. */
export function logprobsOf(logits: Float32Array, token: number, count: number): Omit<Sampled, "token"> {
  const top = logits[argmaxOf(logits)];
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i] - top);
  const normalizer = top + Math.log(sum);
  const logprob = (i: number): number => Math.max(LEAST, logits[i] - normalizer);
  const best: number[] = [];
  for (let i = 0; i < logits.length && count > 0; i++) {
    if (best.length === count && logits[i] <= logits[best[count - 1]]) continue;
    let at = best.length;
    while (at > 0 && logits[i] > logits[best[at - 1]]) at--;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
  }
  return { logprob: logprob(token), top: best.map((i) => ({ token: i, logprob: logprob(i) })) };
}
