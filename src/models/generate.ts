/**
 * Sampling from a model, several prompts at a time: the plain loop, which a server is compared with. Which token
 * is drawn is a function of the seed, the sequence and the place, so no batch changes what a prompt gets.
 */
import { mulberry32 } from "../platform/random.ts";
import type { TensorDevice } from "../tensor/index.ts";
import { DecodeStep } from "./decode-step.ts";
import type { LanguageModel } from "./decoder.ts";
import { KvCache } from "./kv-cache.ts";

/** How tokens are drawn. */
export interface Sampling {
  /** 0 takes the most likely token. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
  /** Tokens that end a sequence; they are not part of what is given. */
  readonly stop?: readonly number[];
  /** Most new tokens of each sequence. */
  readonly most?: number;
}

/** A new token of one of the prompts. */
export interface Sampled {
  readonly sequence: number;
  readonly token: number;
}

/** The index of the largest logit; the first of several. */
export function argmaxOf(logits: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

/** Draws from softmax(logits / temperature), cut to the k largest and to the smallest set of probability p. @param u uniform in [0, 1). */
export function drawFrom(
  logits: ArrayLike<number>,
  u: number,
  { temperature = 1, topK = 0, topP = 1 }: Sampling,
): number {
  if (temperature === 0) return argmaxOf(logits);
  const order = Array.from(logits, (_, i) => i).sort((a, b) => logits[b] - logits[a] || a - b);
  const kept = topK > 0 ? order.slice(0, topK) : order;
  const top = logits[order[0]];
  const weights = kept.map((i) => Math.exp((logits[i] - top) / temperature));
  const total = weights.reduce((sum, w) => sum + w, 0);
  let count = 0;
  let mass = 0;
  while (count < kept.length && (count === 0 || mass < topP * total)) mass += weights[count++];
  let left = u * mass;
  for (let i = 0; i < count; i++) {
    left -= weights[i];
    if (left < 0) return kept[i];
  }
  return kept[count - 1];
}

/** A number in [0, 1) for a token: of the seed, the sequence and the place alone. */
export function uniformAt(seed: number, sequence: number, place: number): number {
  const mixed = Math.imul(seed ^ Math.imul(sequence + 1, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(place + 1, 0xc2b2ae35);
  return mulberry32(mixed >>> 0)();
}

/**
 * Continues prompts, token by token.
 * @param prompts token ids, each at least one. Sequences stop at a stop token, after `most` tokens, or when the model's
 *   positions are used up.
 * @throws RangeError for an empty prompt, or one that is longer than the model's positions.
 */
export async function* generate(
  model: LanguageModel,
  prompts: readonly (readonly number[])[],
  sampling: Sampling = {},
): AsyncGenerator<Sampled> {
  const { device, config } = model;
  const { most = 256, stop = [], seed = 0 } = sampling;
  for (const [s, prompt] of prompts.entries()) {
    if (prompt.length === 0) throw new RangeError(`Prompt ${s} has no token.`);
    if (prompt.length >= config.maxPositions) {
      throw new RangeError(
        `Prompt ${s} has ${prompt.length} tokens, and the model has ${config.maxPositions} positions.`,
      );
    }
  }
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const capacity = Math.min(config.maxPositions, longest + most);
  const cache = new KvCache(device, config, prompts.length, capacity);
  const running = prompts.map((_, s) => s);
  const made = prompts.map(() => 0);
  let next = prompts.map((prompt) => [...prompt]);
  let step: DecodeStep | undefined;
  try {
    while (running.length > 0) {
      // While all go on, each has one new token: always the same kernels, so they are captured once.
      const isStep = next.every(({ length }) => length === 1);
      if (isStep) step ??= new DecodeStep(model, cache);
      const logits =
        isStep && step ? await stepLogits(step, next.flat()) : await lastLogits(device, model, cache, next);
      next = prompts.map(() => []);
      for (const s of [...running]) {
        const row = logits.subarray(s * config.vocabularySize, (s + 1) * config.vocabularySize);
        const token = drawFrom(row, uniformAt(seed, s, cache.lengths[s]), sampling);
        const ends = stop.includes(token);
        if (!ends) yield { sequence: s, token };
        if (ends || ++made[s] >= most || cache.lengths[s] + 1 > capacity) running.splice(running.indexOf(s), 1);
        else next[s] = [token];
      }
    }
  } finally {
    step?.dispose();
    cache.dispose();
  }
}

/** One more token of every sequence. @returns logits [sequences, vocabulary]. */
async function stepLogits(step: DecodeStep, tokens: readonly number[]): Promise<Float32Array> {
  return (await step.run(tokens).data()) as Float32Array;
}

/** Runs new tokens of each sequence; sequences without any give a row of zeros. @returns logits [sequences, vocabulary]. */
async function lastLogits(
  device: TensorDevice,
  model: LanguageModel,
  cache: KvCache,
  next: readonly (readonly number[])[],
) {
  const counts = next.map((tokens) => tokens.length);
  const places = next.flatMap((tokens, s) => tokens.map((_, i) => cache.lengths[s] + i));
  const starts = [0];
  for (const count of counts) starts.push(starts[starts.length - 1] + count);
  const active = next.flatMap((tokens, s) => (tokens.length > 0 ? [s] : []));
  const ends = active.map((s) => starts[s + 1] - 1);
  const total = starts[starts.length - 1];
  const logits = device.noGrad(() =>
    device.scope(() => {
      const batch = {
        tokens: device.from(next.flat(), [total], "i32"),
        positions: device.from(places, [total], "i32"),
        starts: device.from(starts, [starts.length], "i32"),
      };
      const rows = device.from(ends, [ends.length], "i32");
      return cache.extend(counts, () => model.call(batch, cache, rows));
    }),
  );
  const data = await logits.data();
  logits.dispose();
  const { vocabularySize } = model.config;
  const all = new Float32Array(next.length * vocabularySize);
  for (const [i, s] of active.entries()) {
    all.set(data.subarray(i * vocabularySize, (i + 1) * vocabularySize) as Float32Array, s * vocabularySize);
  }
  return all;
}
