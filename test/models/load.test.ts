/** Folders of models: against the float64 reference, round trips, and files that are not what they say. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { MemorySource } from "../../src/models/files/byte-source.ts";
import { readModelFrom } from "../../src/models/files/load.ts";
import { MemoryFiles } from "../../src/models/files/model-files.ts";
import { layOutSafetensors, readSafetensorsHeader } from "../../src/models/files/safetensors.ts";
import { FileSource } from "../../src/models/node/file-source.ts";
import { readModel } from "../../src/models/node/load.ts";
import { writeModel } from "../../src/models/node/save.ts";
import { encode, type TensorDevice } from "../../src/tensor/index.ts";
import { configs } from "../helpers/configs.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { referenceLogits } from "../helpers/reference-decoder.ts";
import { type HfConfig, randomWeights, type Weights } from "../helpers/reference-weights.ts";

let device: TensorDevice;
let folder: string;
beforeAll(async () => {
  device = await makeTensorDevice(0);
  folder = mkdtempSync(join(tmpdir(), "models-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await closeDevices();
});

type Half = "f32" | "f16" | "bf16";
const words = { f32: "F32", f16: "F16", bf16: "BF16" } as const;

/** A file of these weights. */
function fileOf(weights: Weights, dtype: Half = "f32"): Uint8Array {
  const forms = Object.entries(weights).map(([name, { shape }]) => ({ name, shape, dtype: words[dtype] }));
  const { header, tensors, size } = layOutSafetensors(forms);
  const file = new Uint8Array(size);
  file.set(header);
  for (const { name, offset } of tensors) file.set(encode(Float32Array.from(weights[name].data), dtype), offset);
  return file;
}

function put(name: string, config: object, weights: Weights, dtype?: Half): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "config.json"), JSON.stringify({ max_position_embeddings: 16, ...config }));
  writeFileSync(join(path, "model.safetensors"), fileOf(weights, dtype));
  return path;
}

const text = [3, 1, 4, 1, 5];

async function logitsOf(path: string, dtype?: Half): Promise<number[]> {
  const model = await readModel(device, path, { dtype });
  using tokens = device.tensor(text, "i32");
  using starts = device.tensor([0, text.length], "i32");
  using positions = device.tensor([...text.keys()], "i32");
  const logits = Array.from(await device.noGrad(() => model.call({ tokens, starts, positions })).data());
  model.dispose();
  return logits;
}

const renamed = (weights: Weights, change: (name: string) => string | undefined): Weights =>
  Object.fromEntries(
    Object.entries(weights).flatMap(([name, each]) => (change(name) === undefined ? [] : [[change(name)!, each]])),
  );
const most = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((value, i) => Math.abs(value - b[i])));
const families = Object.entries(configs) as [string, HfConfig][];

describe.each(families)("%s", (name, config) => {
  const weights = randomWeights(config, 5);
  const wanted = referenceLogits(config, weights, text).flatMap((row) => [...row]);

  it("has the reference's logits, with and without the prefix", async () => {
    expect(most(await logitsOf(put(name, config, weights)), wanted)).toBeLessThan(1e-4);
    const bare = renamed(weights, (each) => each.replace(/^(transformer|model)\./, ""));
    expect(most(await logitsOf(put(name, config, bare)), wanted)).toBeLessThan(1e-4);
  });

  it("comes from half formats exactly as their values", async () => {
    for (const dtype of ["f16", "bf16"] as const) {
      const { decode } = await import("../../src/tensor/index.ts");
      const rounded = Object.fromEntries(
        Object.entries(weights).map(([key, { shape, data }]) => [
          key,
          { shape, data: decode(encode(Float32Array.from(data), dtype) as Uint8Array<ArrayBuffer>, dtype) },
        ]),
      );
      const exact = await logitsOf(put(`${name}-32`, config, rounded));
      expect(await logitsOf(put(`${name}-${dtype}`, config, weights, dtype))).toEqual(exact);
      expect(await logitsOf(join(folder, `${name}-${dtype}`), dtype)).toEqual(exact);
    }
  });

  it("is written as it was read, in one file and in several", async () => {
    const path = put(name, config, weights);
    const model = await readModel(device, path);
    for (const shardBytes of [undefined, 1000]) {
      const copy = join(folder, `${name}-copy`);
      await writeModel(copy, model, { shardBytes, files: { "README.md": "card" } });
      expect(readFileSync(join(copy, "README.md"), "utf8")).toBe("card");
      expect(JSON.parse(readFileSync(join(copy, "config.json"), "utf8")).torch_dtype).toBe("float32");
      const files = readdirSync(copy).filter((each) => each.endsWith(".safetensors"));
      expect(files.length > 1).toBe(shardBytes !== undefined);
      const written = new Map<string, Uint8Array>();
      for (const file of files)
        for (const [key, bytes] of await contents(readFileSync(join(copy, file)))) written.set(key, bytes);
      expect(written).toEqual(new Map(await contents(fileOf(weights))));
      expect(most(await logitsOf(copy), wanted)).toBeLessThan(1e-4);
    }
    model.dispose();
  });
});

async function contents(file: Uint8Array): Promise<[string, Uint8Array][]> {
  const { tensors } = await readSafetensorsHeader(new MemorySource("m", file));
  return [...tensors.values()].map(({ name, offset, bytes }) => [
    name,
    new Uint8Array(file.subarray(offset, offset + bytes)),
  ]);
}

describe("a tied head", () => {
  const tied = { ...configs.llama, tie_word_embeddings: true };
  const weights = randomWeights(tied, 5);
  const embed = weights["model.embed_tokens.weight"];
  const other = { shape: embed.shape, data: Array.from(embed.data, (x) => x + 1) };

  it("may be there twice, if it is the same, or once under either name", async () => {
    const wanted = await logitsOf(put("tied", tied, weights));
    expect(await logitsOf(put("tied", tied, { ...weights, "lm_head.weight": embed }))).toEqual(wanted);
    const headOnly = renamed({ ...weights, "lm_head.weight": embed }, (name) =>
      name.includes("embed") ? undefined : name,
    );
    expect(await logitsOf(put("tied", tied, headOnly))).toEqual(wanted);
    expect(
      await logitsOf(put("tied", { ...tied, tie_word_embeddings: false }, { ...weights, "lm_head.weight": embed })),
    ).toEqual(wanted);
  });

  it("is refused where it is another, or missing from an untied model", async () => {
    await expect(readModel(device, put("tied", tied, { ...weights, "lm_head.weight": other }))).rejects.toThrow(
      /tensor "lm_head.weight" \(byte \d+\) differs from "model.embed_tokens.weight", but .*config.json says that they are one/,
    );
    await expect(readModel(device, put("tied", { ...tied, tie_word_embeddings: false }, weights))).rejects.toThrow(
      /hold no tensor "lm_head.weight", which is head.weight by .* Where the output projection is the embedding, .* "tie_word_embeddings": true/,
    );
  });
});

describe("refuses before memory is taken", () => {
  const config = configs.llama;
  const weights = randomWeights(config, 5);
  const k = "model.layers.1.self_attn.k_proj.weight";
  const changed = (with_: Weights) => () => put("bad", config, { ...weights, ...with_ });
  it.each<[string, () => string, RegExp]>([
    [
      "a parameter that is missing",
      () =>
        put(
          "bad",
          config,
          renamed(weights, (name) => (name === k ? undefined : name)),
        ),
      /hold no tensor "model.layers.1.self_attn.k_proj.weight", which is layers.1.attention.k.weight by /,
    ],
    [
      "a shape that is another",
      changed({ [k]: { shape: [16, 8], data: weights[k].data } }),
      /model.safetensors: tensor "model.layers.1.self_attn.k_proj.weight" \(byte \d+\) has the shape \[16,8\]; by .*config.json it has to be \[8,16\]/,
    ],
    [
      "a tensor too many",
      changed({ "model.layers.2.x": { shape: [1], data: [0] } }),
      /holds tensor "model.layers.2.x", which is no parameter of the form in .*config.json/,
    ],
    [
      "layers without end",
      () => put("bad", { ...config, num_hidden_layers: 2 ** 31 - 1 }, weights),
      /hold no tensor "model.layers.2.input_layernorm.weight"/,
    ],
    [
      "experts without end",
      () => put("bad", { ...configs.mixtral, num_local_experts: 2 ** 31 - 1 }, randomWeights(configs.mixtral, 5)),
      /block_sparse_moe.gate.weight" \(byte \d+\) has the shape \[4,16\]; by .* \[2147483647,16\]/,
    ],
    [
      "a vocabulary without end",
      () => put("bad", { ...config, vocab_size: 2 ** 31 - 1 }, weights),
      /"model.embed_tokens.weight" \(byte \d+\) has the shape \[11,16\]/,
    ],
    [
      "a truncated file",
      () => {
        const path = put("bad", config, weights);
        truncateSync(join(path, "model.safetensors"), 5000);
        return path;
      },
      /the last tensor, .* but the file has 5000 bytes: it is truncated/,
    ],
    [
      "a folder without weights",
      () => {
        const path = put("bad", config, weights);
        rmSync(join(path, "model.safetensors"));
        return path;
      },
      /has neither model.safetensors nor model.safetensors.index.json: weights are read from safetensors files only/,
    ],
    [
      "an index that leads elsewhere",
      () => {
        const path = put("bad", config, weights);
        rmSync(join(path, "model.safetensors"));
        writeFileSync(join(path, "model.safetensors.index.json"), '{"weight_map":{"a":"../b.safetensors"}}');
        return path;
      },
      /weight_map has "..\/b.safetensors" for "a", expected a safetensors file of this folder/,
    ],
    [
      "an index that says otherwise than its file",
      () => {
        const path = put("bad", config, weights);
        writeFileSync(join(path, "x.safetensors"), readFileSync(join(path, "model.safetensors")));
        rmSync(join(path, "model.safetensors"));
        writeFileSync(join(path, "model.safetensors.index.json"), '{"weight_map":{"a":"x.safetensors"}}');
        return path;
      },
      /x.safetensors holds tensor ".*", which model.safetensors.index.json does not list/,
    ],
    [
      "a config.json that is too large",
      () => {
        const path = put("bad", config, weights);
        truncateSync(join(path, "config.json"), 2 ** 30);
        return path;
      },
      /config.json has 1073741824 bytes, more than the 1048576 that are read/,
    ],
  ])("%s", async (_, make, message) => {
    rmSync(join(folder, "bad"), { recursive: true, force: true });
    const path = make();
    const before = device.memoryStats();
    await expect(readModel(device, path)).rejects.toThrow(message);
    expect(device.memoryStats()).toEqual(before);
  });
});

it("gives all memory back, and reads no further, when a read fails", async () => {
  const path = put("fails", configs.llama, randomWeights(configs.llama, 5));
  const before = device.memoryStats();
  const inner = FileSource.prototype.read;
  const read = vi.spyOn(FileSource.prototype, "read");
  let data = 0;
  let pending = 0;
  read.mockImplementation(async function (this: FileSource, offset, length, into) {
    if (into && ++data === 5) throw new Error("the cable is out");
    pending++;
    const bytes = await inner.call(this, offset, length, into);
    await new Promise((resolve) => setTimeout(resolve, 5));
    pending--;
    return bytes;
  });
  try {
    await expect(readModel(device, path)).rejects.toThrow("the cable is out");
  } finally {
    read.mockRestore();
  }
  expect(data).toBeLessThan(10);
  expect(pending).toBe(0); // what still read would write to memory that is given back
  const { allocated } = device.memoryStats();
  expect(allocated.current).toBe(before.allocated.current);
  expect((await logitsOf(path)).every(Number.isFinite)).toBe(true);
});

it("writes the model of the moment of the call, on every kind of stream", async () => {
  for (const stream of ["inline", "deferred"] as const) {
    const own = await makeTensorDevice(0, { stream });
    const path = put("snapshot", configs.gpt2, randomWeights(configs.gpt2, 5));
    const model = await readModel(own, path);
    const copy = join(folder, "snapshot-copy");
    const writing = writeModel(copy, model);
    own.noGrad(() => {
      for (const parameter of model.parameters()) parameter.fill_(7);
    });
    await writing;
    const read = async (at: string) => new Map(await contents(readFileSync(join(at, "model.safetensors"))));
    expect(await read(copy)).toEqual(await read(path));
    model.dispose();
  }
});

it("ignores the masks and frequencies of older files", async () => {
  const mask = {
    "transformer.h.0.attn.bias": { shape: [1], data: [1] },
    "h.1.attn.masked_bias": { shape: [], data: [1] },
  };
  await logitsOf(put("older", configs.gpt2, { ...randomWeights(configs.gpt2, 5), ...mask }));
});

/** The files of a folder, as a page has fetched them. */
function fetched(path: string, without?: string): MemoryFiles {
  const names = readdirSync(path).filter((name) => name !== without);
  return new MemoryFiles(new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(path, name)))])), "page");
}

describe("bytes in memory", () => {
  it.each([
    ["one file", undefined],
    ["several files", 1000],
  ])("make the model that the folder makes, from %s", async (_, shardBytes) => {
    const source = await readModel(device, put("both", configs.llama, randomWeights(configs.llama, 8)));
    const path = join(folder, "both-written");
    await writeModel(path, source, { shardBytes });
    source.dispose();
    const [onDisk, inMemory] = [await readModel(device, path), await readModelFrom(device, fetched(path))];
    const others = inMemory.namedParameters();
    expect(inMemory.config).toEqual(onDisk.config);
    expect([...others.keys()]).toEqual([...onDisk.namedParameters().keys()]);
    for (const [name, parameter] of onDisk.namedParameters())
      expect(await others.get(name)!.data()).toEqual(await parameter.data());
    onDisk.dispose();
    inMemory.dispose();
  });

  it("say which file is missing", async () => {
    const path = join(folder, "both-written");
    const read = (without: string) => readModelFrom(device, fetched(path, without));
    await expect(read("config.json")).rejects.toThrow("page has no config.json, which says what form the model has.");
    await expect(read("model.safetensors.index.json")).rejects.toThrow(
      "page has neither model.safetensors nor model.safetensors.index.json: weights are read from safetensors files only.",
    );
    const shard = readdirSync(path).find((name) => name.startsWith("model-00002"))!;
    await expect(read(shard)).rejects.toThrow(`page/${shard} is missing; model.safetensors.index.json says`);
  });
});
