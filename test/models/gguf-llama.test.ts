/** Exported models in llama.cpp: its logits beside ours, and its words beside ours. Skipped where it is not installed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  Decoder,
  type DecoderConfig,
  exportGguf,
  type GgufDType,
  namedTensors,
  Tokenizer,
  type TokenizerSpec,
} from "../../src/models/index.ts";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { askLlama, forms, smallTokenizer, withoutLlama } from "../helpers/llama.ts";

let device: TensorDevice;
const folder = mkdtempSync(join(tmpdir(), "worldsize-gguf-"));
beforeAll(async () => {
  device = await makeTensorDevice(3);
});
afterAll(async () => {
  await closeDevices();
  rmSync(folder, { recursive: true });
});

const prompt = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 58, 97, 93, 238, 46, 264];

async function fileOf(model: Decoder, name: string, tokenizer: TokenizerSpec, dtype?: GgufDType): Promise<string> {
  const path = join(folder, `${name}.gguf`);
  const parts: Uint8Array[] = [];
  const made = exportGguf({
    config: model.config,
    tensors: namedTensors(model),
    tokenizer,
    tokens: { eos: "<|endoftext|>" },
    dtype,
  });
  for await (const part of made) parts.push(part);
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

/** Random biases and gains, too, so that one that is lost or misplaced is seen. */
function randomModel(config: DecoderConfig): Decoder {
  const model = new Decoder(device, config);
  device.noGrad(() => {
    let seed = 0;
    for (const [name, parameter] of model.namedParameters()) {
      if (/bias$|[nN]orm\.weight$/.test(name)) parameter.add_(device.randn(parameter.shape, { seed: ++seed }).mul(0.2));
    }
  });
  return model;
}

async function ours(model: Decoder, tokens: readonly number[]): Promise<ArrayLike<number>> {
  const logits = device.noGrad(() =>
    model.call({
      tokens: device.tensor([...tokens], "i32"),
      positions: device.arange(tokens.length, "i32"),
      starts: device.tensor([0, tokens.length], "i32"),
    }),
  );
  return logits.data();
}

/** The largest difference, as a share of the largest logit. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let [largest, scale] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    largest = Math.max(largest, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return largest / scale;
}

describe.skipIf(withoutLlama)(`llama.cpp${withoutLlama ? `: ${withoutLlama}` : ""}`, () => {
  it.each(Object.entries(forms))("%s: the same logits in f32", async (name, config) => {
    const model = randomModel(config);
    const file = await fileOf(model, name, smallTokenizer("gpt2"));
    const theirs = askLlama<number[][]>("logits", file, prompt).flat();
    const apart = difference(await ours(model, prompt), theirs);
    if (process.env.SHOW_DIFFERENCES) console.log(name, apart);
    // ggml looks gelu up in a table of f16.
    expect(apart).toBeLessThan(config.family === "gpt2" ? 1e-3 : 1e-5);
    model.dispose();
  });

  it.each([
    ["f16", 1e-2],
    ["q8_0", 0.1],
  ] as const)("%s weights come close", async (dtype, most) => {
    const model = randomModel(forms.llama);
    const file = await fileOf(model, `llama-${dtype}`, smallTokenizer("gpt2"), dtype);
    const apart = difference(await ours(model, prompt), askLlama<number[][]>("logits", file, prompt).flat());
    if (process.env.SHOW_DIFFERENCES) console.log(dtype, apart);
    expect(apart).toBeLessThan(most);
    expect(apart).toBeGreaterThan(1e-5);
    model.dispose();
  });

  it.each([
    ["gpt2", false],
    ["cl100k", false],
    ["cl100k", true],
    ["qwen2", false],
  ] as const)("words cut by %s, merges ignored: %s, are the same", async (pattern, ignoreMerges) => {
    const model = randomModel({ ...forms.llama, layers: 1 });
    const spec = { ...smallTokenizer(pattern), ignoreMerges };
    const file = await fileOf(model, `words-${pattern}-${ignoreMerges}`, spec);
    const texts = [
      "the cat's hat, there!",
      "THEY'LL be 12345 there\n\n  the   end ",
      "naïve Übung 你好 \t the\r\n x",
      "<|endoftext|> as text",
    ];
    const tokenizer = new Tokenizer(spec);
    expect(askLlama("tokens", file, texts)).toEqual(texts.map((text) => tokenizer.encode(text)));
    model.dispose();
  });
});
