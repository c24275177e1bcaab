/** Decoders with matrices of few bits: how close they come, and that a cache changes nothing. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Decoder, type DecoderConfig, generate, quantizeModel } from "../../src/models/index.ts";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";

afterAll(closeDevices);
let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(7);
});

const prompt = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];

function batch() {
  return {
    tokens: device.tensor(prompt, "i32"),
    positions: device.arange(prompt.length, "i32"),
    starts: device.tensor([0, prompt.length], "i32"),
  };
}

/** A model whose biases and gains are random, too, as a trained one's are. */
function modelOf(form: DecoderConfig): Decoder {
  const model = new Decoder(device, { ...form, initializerRange: 0.1 });
  device.noGrad(() => {
    for (const [name, parameter] of model.namedParameters())
      if (/bias$|[nN]orm\.weight$/.test(name)) parameter.add_(device.randn(parameter.shape).mul(0.1));
  });
  return model;
}

/** The root of the mean square of the difference, as a share of that of b. */
function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [apart, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    apart += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(apart / size);
}

it.each(Object.entries(forms))("%s: logits of 8 bits are within 2 %, of 4 bits within 30 %", async (_, form) => {
  const model = modelOf(form);
  const wanted = await device.noGrad(() => model.call(batch())).data();
  const apart = async (bits: 8 | 4): Promise<number> => {
    const small = quantizeModel(model, bits);
    const logits = await small.call(batch()).data();
    small.dispose();
    return relative(logits, wanted);
  };
  const [eight, four] = [await apart(8), await apart(4)];
  if (process.env.SHOW_DIFFERENCES) console.log(eight, four);
  expect(eight).toBeGreaterThan(0);
  expect(eight).toBeLessThan(0.02);
  expect(four).toBeGreaterThan(4 * eight);
  expect(four).toBeLessThan(0.3);
  model.dispose();
});

it("token by token with a cache it says what it says at once", async () => {
  const model = modelOf(forms.llama);
  const small = quantizeModel(model);
  const made: number[] = [];
  for await (const { token } of generate(small, [prompt], { temperature: 0, most: 20 })) made.push(token);
  const all = [...prompt, ...made];
  const logits = await small
    .call({
      tokens: device.tensor(all, "i32"),
      positions: device.arange(all.length, "i32"),
      starts: device.tensor([0, all.length], "i32"),
    })
    .data();
  const { vocabularySize } = model.config;
  for (const [i, token] of made.entries()) {
    const row = logits.subarray((prompt.length - 1 + i) * vocabularySize, (prompt.length + i) * vocabularySize);
    // Groups of tokens round differently: the token is the best, or as good as the best.
    expect(row[token]).toBeGreaterThan(Math.max(...row) - 0.02);
  }
  small.dispose();
  model.dispose();
});

it("frees what it made, and leaves the model as it was", async () => {
  const model = modelOf(forms.gpt2);
  const before = device.memoryStats().allocated.current;
  const small = quantizeModel(model);
  expect(device.memoryStats().allocated.current).toBeGreaterThan(before);
  small.dispose();
  expect(device.memoryStats().allocated.current).toBe(before);
  await device.noGrad(() => model.call(batch())).data();
  model.dispose();
});

it("refuses widths that groups do not divide", () => {
  const model = new Decoder(device, { ...forms.llama, width: 48 });
  expect(() => quantizeModel(model)).toThrow("works on groups of 32 columns");
  model.dispose();
});
