/** Small decoders in all forms that the judge knows, batches for them, and their gradients in f32 on a device. */
import { Decoder, type DecoderConfig, gpt2Shape, llamaShape } from "../../src/models/index.ts";
import { crossEntropy, initialize } from "../../src/nn/index.ts";
import type { WholeBatch, WholeWeights } from "../../src/parallel/index.ts";
import type { Tensor, TensorDevice } from "../../src/tensor/index.ts";

const small = { vocabularySize: 60, width: 32, layers: 2, heads: 4, kvHeads: 2, ffnWidth: 48, maxPositions: 64 };

/** Every option of a form occurs in one of these, either way. */
export const forms = {
  llama: llamaShape({ ...small, tied: false }),
  "llama, tied, with biases": llamaShape({ ...small, attentionBias: true, outputBias: true, mlpBias: true }),
  qwen2: { ...llamaShape({ ...small, tied: false }), family: "qwen2", attentionBias: true },
  qwen3: { ...llamaShape({ ...small, headDim: 12 }), family: "qwen3", qkNorm: true },
  gpt2: gpt2Shape({ ...small, kvHeads: 4 }),
} as const satisfies Record<string, DecoderConfig>;

/** Numbers from 0 to 1, always the same for a seed (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Sequences of these lengths; one target of ten does not count. */
export function batchOf(seed: number, lengths: readonly number[], vocabulary: number, weighted = false) {
  const draw = uniform(seed);
  const ids = (): number => Math.floor(draw() * vocabulary);
  const tokens = lengths.flatMap((length) => Array.from({ length }, ids));
  const targets = tokens.map(() => (draw() < 0.1 ? -100 : ids()));
  const starts = [0];
  for (const [i, length] of lengths.entries()) starts.push(starts[i] + length);
  const weights = weighted ? tokens.map(() => Math.fround(2 * draw())) : undefined;
  return { tokens, targets, starts, weights, positions: lengths.flatMap((length) => [...Array(length).keys()]) };
}

/** Targets that count. */
export const countOf = ({ targets }: WholeBatch): number => Array.from(targets).filter((id) => id !== -100).length;

/** A decoder whose norms and biases are not as new, so that none of them can be left out unseen. */
export async function makeModel(device: TensorDevice, config: DecoderConfig, seed: number) {
  const model = new Decoder(device, config);
  initialize(model, seed);
  const draw = uniform(seed + 1000);
  const weights: Record<string, WholeWeights[string]> = {};
  for (const [name, parameter] of model.namedParameters()) {
    const { shape } = parameter;
    const drawn = Array.from({ length: shape[0] }, () => Number(name.endsWith("weight")) + draw() - 0.5);
    if (shape.length === 1) device.noGrad(() => void parameter.copy_(device.from(drawn, shape)));
    weights[name] = { shape, data: Float32Array.from(await parameter.data()) };
  }
  return { model, weights };
}

/** Loss / count and its gradients, in f32 on the device. */
export async function f32Gradients(device: TensorDevice, model: Decoder, batch: WholeBatch, count: number) {
  const ids = (list: ArrayLike<number>): Tensor => device.tensor(Array.from(list), "i32");
  const read = { tokens: ids(batch.tokens), starts: ids(batch.starts), positions: ids(batch.positions) };
  const weight = batch.weights && device.tensor(Array.from(batch.weights));
  const loss = crossEntropy(model.call(read), ids(batch.targets), { weight }).sum.mul(1 / count);
  loss.backward();
  const gradients: Record<string, Float32Array> = {};
  for (const [name, parameter] of model.namedParameters()) {
    gradients[name] = Float32Array.from(await (parameter.grad as Tensor).data());
    parameter.grad = null;
  }
  return { loss: await loss.item(), gradients };
}
