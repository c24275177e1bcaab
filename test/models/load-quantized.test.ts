/** Folders read into few bits: the numbers of the f32 model made small, and never more memory than that and a few pieces. */
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Decoder, type DecoderConfig, type LanguageModel, llamaShape, quantizeModel } from "../../src/models/index.ts";
import { readModel, readQuantized } from "../../src/models/node/load.ts";
import { writeModel } from "../../src/models/node/save.ts";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";

let device: TensorDevice;
let folder: string;
beforeAll(async () => {
  device = await makeTensorDevice(3);
  folder = mkdtempSync(join(tmpdir(), "few-bits-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await closeDevices();
});

const text = [3, 1, 4, 1, 5, 9, 2, 6, 5];

async function logitsOf(model: LanguageModel): Promise<number[]> {
  using tokens = device.tensor(text, "i32");
  using starts = device.tensor([0, text.length], "i32");
  using positions = device.tensor([...text.keys()], "i32");
  using logits = device.noGrad(() => model.call({ tokens, starts, positions }));
  return Array.from(await logits.data());
}

/** A folder with random weights, biases and gains. */
async function put(name: string, config: DecoderConfig, dtype: "f32" | "bf16"): Promise<string> {
  const path = join(folder, name);
  const model = new Decoder(device, config, { dtype });
  device.noGrad(() => {
    for (const [parameter, value] of model.namedParameters())
      if (/bias$|[nN]orm\.weight$/.test(parameter)) value.add_(device.randn(value.shape).mul(0.1).to(dtype));
  });
  await writeModel(path, model);
  model.dispose();
  return path;
}

it.each(Object.entries(forms))("%s: what is read in 8 and 4 bits is the f32 model made small", async (name, form) => {
  for (const dtype of ["f32", "bf16"] as const) {
    const path = await put(`${name}-${dtype}`, form, dtype);
    for (const bits of [8, 4] as const) {
      const before = device.memoryStats().allocated.current;
      const read = await readQuantized(device, path, { bits });
      const found = await logitsOf(read);
      read.dispose();
      expect(device.memoryStats().allocated.current).toBe(before); // it owns all that it has read
      const model = await readModel(device, path);
      const small = quantizeModel(model, bits);
      expect(found).toEqual(await logitsOf(small));
      small.dispose();
      model.dispose();
    }
  }
});

it("keys whose rows do not lie together by eights are a matrix of their own, with the same numbers", async () => {
  const form = { ...forms.llamaWithBias, heads: 16, kvHeads: 1, headDim: 4, width: 64 };
  const model = new Decoder(device, { ...form, initializerRange: 0.1 });
  const small = quantizeModel(model);
  const [wanted, found] = [await logitsOf(model), await logitsOf(small)];
  const apart = Math.sqrt(found.reduce((sum, x, i) => sum + (x - wanted[i]) ** 2, 0));
  expect(apart / Math.sqrt(wanted.reduce((sum, x) => sum + x * x, 0))).toBeLessThan(0.02);
  small.dispose();
  model.dispose();
});

it("the most memory on the way is the small model and a few pieces, not the large one", async () => {
  const form = llamaShape({ vocabularySize: 512, width: 512, layers: 2, heads: 8, ffnWidth: 2560, tied: false });
  const path = await put("large", form, "bf16");
  const whole = 4 * (2 * 512 * 512 + form.layers * (4 * 512 * 512 + 3 * 512 * 2560)); // the f32 model's matrices
  for (const bits of [8, 4] as const) {
    device.raw.resetPeakMemory();
    const before = device.memoryStats().allocated.current;
    const small = await readQuantized(device, path, { bits });
    const { current, peak } = device.memoryStats().allocated;
    const pieces = 4 * 3 * 2 ** 20; // of four tensors: 1 MiB of bf16, and the same in f32
    expect(peak - before).toBeLessThan(current - before + pieces + 2 ** 16);
    expect(peak - before).toBeLessThan(whole / 2);
    small.dispose();
  }
});

it("frees all that it had when a file is cut off", async () => {
  const path = await put("cut", forms.llama, "f32");
  truncateSync(join(path, "model.safetensors"), 30_000);
  const before = device.memoryStats().allocated.current;
  await expect(readQuantized(device, path)).rejects.toThrow("truncated");
  expect(device.memoryStats().allocated.current).toBe(before);
  await expect(readQuantized(device, await put("narrow", { ...forms.llama, width: 48 }, "f32"))).rejects.toThrow(
    "works on groups of 32 columns",
  );
});
