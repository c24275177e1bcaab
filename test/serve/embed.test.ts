/** A text as a vector: chunks make no difference, and what is averaged is what the head reads. */
import { afterAll, expect, it } from "vitest";
import { Decoder, type LanguageModel, quantizeModel } from "../../src/models/index.ts";
import { embedTokens } from "../../src/serve/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";

afterAll(closeDevices);

/** All tokens in one forward without a cache. */
async function plain(model: LanguageModel, tokens: number[]): Promise<number[]> {
  const { device, config } = model;
  const states = device.noGrad(() =>
    device.scope(() => {
      const i32 = (values: number[]) => device.from(values, [values.length], "i32");
      const positions = i32(tokens.map((_, i) => i));
      return model.hidden({ tokens: i32(tokens), positions, starts: i32([0, tokens.length]) });
    }),
  );
  const all = await states.data();
  states.dispose();
  return Array.from({ length: config.width }, (_, column) => {
    let sum = 0;
    for (let row = 0; row < tokens.length; row++) sum += all[row * config.width + column];
    return sum / tokens.length;
  });
}

it.each(["gpt2", "llama", "qwen3", "mixtral"] as const)("%s: 1, 7 and 300 tokens", async (form) => {
  const device = await makeTensorDevice(5);
  const config = { ...forms[form], maxPositions: 320 };
  const model = new Decoder(device, config);
  const small = quantizeModel(model, 8);
  for (const length of [1, 7, 300]) {
    const tokens = Array.from({ length }, (_, i) => (7 * i * i + 3 * i) % config.vocabularySize);
    for (const each of [model, small]) {
      const expected = await plain(each, tokens);
      const got = await embedTokens(each, tokens);
      expect(Math.max(...got.map((value, i) => Math.abs(value - expected[i])))).toBeLessThan(1e-4);
    }
  }
  small.dispose();
  model.dispose();
});
