/** A captured step of decoding: the logits that the plain forward gives, bit for bit, in any state of the cache. */
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  Decoder,
  type DecoderConfig,
  DecodeStep,
  KvCache,
  type LanguageModel,
  quantizeModel,
} from "../../src/models/index.ts";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";

afterAll(closeDevices);
let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(11);
});

const prompts = [[3, 1, 4, 1, 5], [9], [2, 6, 5, 3, 5, 8, 9, 7]];
const CAPACITY = 13;

/** A cache in which each prompt has been read. */
function prefilled(model: LanguageModel): KvCache {
  const cache = new KvCache(device, model.config, prompts.length, CAPACITY);
  const starts = [0];
  for (const { length } of prompts) starts.push(starts[starts.length - 1] + length);
  device.noGrad(() =>
    device.scope(() => {
      const tokens = device.from(prompts.flat(), [starts[prompts.length]], "i32");
      const places = prompts.flatMap((prompt) => prompt.map((_, i) => i));
      const positions = device.from(places, [places.length], "i32");
      const batch = { tokens, positions, starts: device.from(starts, [starts.length], "i32") };
      cache.extend(
        prompts.map(({ length }) => length),
        () => model.call(batch, cache),
      );
      return undefined;
    }),
  );
  return cache;
}

/** One more token of each, as every forward is run. */
async function plainly(model: LanguageModel, cache: KvCache, tokens: readonly number[]): Promise<ArrayLike<number>> {
  const logits = device.noGrad(() =>
    device.scope(() => {
      const i32 = (values: readonly number[]) => device.from(values, [values.length], "i32");
      const batch = { tokens: i32(tokens), positions: i32(cache.lengths), starts: i32([0, 1, 2, 3]) };
      return cache.extend([1, 1, 1], () => model.call(batch, cache));
    }),
  );
  const data = await logits.data();
  logits.dispose();
  return data;
}

async function compare(model: LanguageModel): Promise<void> {
  const [one, other] = [prefilled(model), prefilled(model)];
  const step = new DecodeStep(model, one);
  for (const tokens of [
    [7, 8, 9],
    [1, 1, 1],
    [42, 0, 17],
  ]) {
    const mine = await step.run(tokens).data();
    expect(mine).toEqual(await plainly(model, other, tokens));
  }
  // Both are at places where the other has left off: a graph does not remember lengths.
  expect(await plainly(model, one, [5, 6, 7])).toEqual(await plainly(model, other, [5, 6, 7]));
  expect(await step.run([6, 6, 6]).data()).toEqual(await plainly(model, other, [6, 6, 6]));
  step.dispose();
  for (const cache of [one, other]) cache.dispose();
}

it.each(Object.entries(forms))("%s", async (_, form) => {
  const before = device.memoryStats().allocated.current;
  const model = new Decoder(device, form as DecoderConfig);
  await compare(model);
  const small = quantizeModel(model);
  await compare(small);
  small.dispose();
  model.dispose();
  expect(device.memoryStats().allocated.current).toBe(before);
});

it("says what does not fit, and nothing has grown then", async () => {
  const model = new Decoder(device, forms.llama);
  const cache = prefilled(model);
  const step = new DecodeStep(model, cache);
  expect(() => step.run([1, 2])).toThrow("A step takes a token for each of 3 sequences, not 2.");
  for (let i = 0; i < CAPACITY - 8; i++) step.run([1, 2, 3]);
  const lengths = [...cache.lengths];
  expect(() => step.run([1, 2, 3])).toThrow("Sequence 2 has 13 tokens, and 1 more do not fit into 13.");
  expect(cache.lengths).toEqual(lengths);
  step.dispose();
  cache.dispose();
  model.dispose();
});
