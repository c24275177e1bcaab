/** A text as one vector: the mean of what the head would read of each token. */
import { KvCache, type LanguageModel } from "../../models/index.ts";

/** Tokens that are run at once: others' steps come between. */
const CHUNK = 256;

/**
 * The mean of the hidden states behind the last layer, its norm included.
 * @param tokens at least one, and no more than the model has positions. @returns f32 [width]. @throws OutOfMemoryError.
 */
export async function embedTokens(model: LanguageModel, tokens: readonly number[]): Promise<Float32Array> {
  const { device, config } = model;
  const cache = new KvCache(device, config, 1, tokens.length);
  const sum = new Float32Array(config.width);
  try {
    for (let from = 0; from < tokens.length; from += CHUNK) {
      const chunk = tokens.slice(from, from + CHUNK);
      const total = device.noGrad(() =>
        device.scope(() => {
          const i32 = (values: number[]) => device.from(values, [values.length], "i32");
          const positions = i32(chunk.map((_, i) => from + i));
          const batch = { tokens: i32(chunk), positions, starts: i32([0, chunk.length]) };
          return cache.extend([chunk.length], () => model.hidden(batch, cache)).sum(0);
        }),
      );
      const part = await total.data();
      total.dispose();
      for (let i = 0; i < sum.length; i++) sum[i] += part[i] / tokens.length;
    }
  } finally {
    cache.dispose();
  }
  return sum;
}
