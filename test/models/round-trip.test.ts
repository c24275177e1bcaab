/** Models through files and back, bit for bit: every family, in every dtype of parameters, in one file and in several. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sizeOf } from "../../src/device/index.ts";
import { Decoder, type DecoderConfig } from "../../src/models/index.ts";
import { readModel } from "../../src/models/node/index.ts";
import { modelFiles, writeModel } from "../../src/models/node/save.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import { rawOf, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";

let device: TensorDevice;
let folder: string;
beforeAll(async () => {
  device = await makeTensorDevice(3);
  folder = mkdtempSync(join(tmpdir(), "round-trip-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await closeDevices();
});

const bytesIn = (tensor: Tensor): number => tensor.size * sizeOf(tensor.dtype);
const bitsOf = (tensor: Tensor): Promise<Uint8Array> => rawOf(device).read(tensor.ref(), bytesIn(tensor));

/** Exponents of all ones, and the bit that makes a NaN a quiet one. A copy of a half format knows one NaN of each sign. */
const ends = { bf16: [0x7f80, 0x40], f16: [0x7c00, 0x200] } as const;

/** A model of random bits: subnormals, both zeros, infinities and NaNs among them. */
function randomModel(config: DecoderConfig, dtype: "f32" | "bf16" | "f16"): Decoder {
  const model = new Decoder(device, config, { dtype, positions: 16 });
  const random = mulberry32(7);
  for (const parameter of model.parameters()) {
    const bits = Uint16Array.from({ length: bytesIn(parameter) / 2 }, () => 2 ** 16 * random());
    if (dtype !== "f32") {
      const [exponent, quiet] = ends[dtype];
      for (const [i, each] of bits.entries())
        if ((each & exponent) === exponent) bits[i] = (each & (0x8000 | exponent)) | (each & 1 ? quiet : 0);
    }
    rawOf(device).write(parameter.ref(), new Uint8Array(bits.buffer));
  }
  return model;
}

/** Bytes of a file, so that there are so many files. */
function shardBytesFor(model: Decoder, shards: number): number {
  const count = (shardBytes: number): number => {
    const { files, dispose } = modelFiles(model, { shardBytes });
    dispose();
    return files.filter(({ name }) => name.endsWith(".safetensors")).length;
  };
  const all = model.parameters().reduce((sum, parameter) => sum + bytesIn(parameter), 0);
  let bytes = shards === 1 ? all : (1.5 * all) / shards;
  while (count(bytes) < shards) bytes *= 0.97;
  return bytes;
}

/** Writes a model, reads it again, and compares every bit. */
async function comesBack(model: Decoder, dtype: "f32" | "bf16" | "f16", shardBytes?: number): Promise<void> {
  const path = join(folder, "model");
  await writeModel(path, model, { shardBytes });
  const back = await readModel(device, path, { dtype, positions: 16 });
  expect(back.config).toEqual(model.config);
  const others = back.namedParameters();
  expect([...others.keys()]).toEqual([...model.namedParameters().keys()]);
  for (const [name, parameter] of model.namedParameters()) {
    const other = others.get(name) as Tensor;
    expect([other.dtype, other.shape], name).toEqual([dtype, parameter.shape]);
    expect(Buffer.compare(await bitsOf(other), await bitsOf(parameter)), name).toBe(0);
  }
  back.dispose();
}

const small = { vocabularySize: 40, width: 16, heads: 4, headDim: 4, ffnWidth: 12, maxPositions: 16 };
const families = ["gpt2", "llama", "qwen2", "qwen3", "mixtral"] as const;
const cases = families.flatMap((family) => (["f32", "bf16", "f16"] as const).map((dtype) => [family, dtype] as const));

describe.each(cases)("%s in %s", (family, dtype) => {
  it("is the same bits after 1, 2 and 5 files", async () => {
    const { allocated } = device.memoryStats();
    const model = randomModel({ ...forms[family], ...small, normalizeTopK: family === "mixtral" }, dtype);
    for (const shards of [1, 2, 5]) {
      await comesBack(model, dtype, shardBytesFor(model, shards));
      expect(readdirSync(join(folder, "model")).filter((name) => name.endsWith(".safetensors"))).toHaveLength(shards);
    }
    model.dispose();
    expect(device.memoryStats().allocated.current).toBe(allocated.current);
  });
});

it("a tensor that is read in several pieces is the same bits", async () => {
  const vocabularySize = 70_000; // 4.5 MB, and a piece has 1 MiB
  const model = randomModel({ ...forms.llama, ...small, vocabularySize, tied: true, normalizeTopK: false }, "f32");
  await comesBack(model, "f32");
  model.dispose();
});
