/** Training runs on disk: saved at a step and resumed bit for bit, full disks, and files that do not fit. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../src/models/files/config.ts";
import { Decoder } from "../../src/models/index.ts";
import { writeOneFile } from "../../src/models/node/directory.ts";
import { nodeFiles } from "../../src/models/node/file-system.ts";
import { latestCheckpoint, readModel, restoreTraining, saveTraining } from "../../src/models/node/index.ts";
import { readTensorsFile, tensorsFile } from "../../src/models/node/tensors-file.ts";
import { AdamW, type Parameter } from "../../src/nn/index.ts";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { configs } from "../helpers/configs.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";

let device: TensorDevice;
let folder: string;
beforeAll(async () => {
  device = await makeTensorDevice(3);
  folder = mkdtempSync(join(tmpdir(), "training-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await closeDevices();
});

type Half = "f32" | "bf16";
const config = readConfig(
  new TextEncoder().encode(JSON.stringify({ ...configs.llama, max_position_embeddings: 16 })),
  "test",
);
const makeModel = (dtype: Half) => new Decoder(device, config, { dtype, positions: 16 });

/** Two groups; the first parameter gets no gradient before step 2. */
function optimizerOf(model: Decoder): AdamW {
  const all = [...model.parameters()] as Parameter[];
  return new AdamW(
    [
      { parameters: all.slice(0, 4), weightDecay: 0.1 },
      { parameters: all.slice(4), lr: 0.02 },
    ],
    {
      lr: 0.01,
    },
  );
}

/** One step; the sum of squares of the logits is its loss. */
async function trainStep(model: Decoder, optimizer: AdamW, step: number): Promise<number> {
  const text = [3, 1, 4, 1, 5].map((token) => (token + step) % 11);
  using tokens = device.tensor(text, "i32");
  using starts = device.tensor([0, text.length], "i32");
  using positions = device.tensor([...text.keys()], "i32");
  const logits = model.call({ tokens, starts, positions });
  const loss = logits.mul(logits).mean();
  loss.backward();
  if (step < 2) ([...model.parameters()][0] as Parameter).grad = null;
  optimizer.step();
  optimizer.zeroGrad();
  const [value] = await loss.data();
  for (const each of [logits, loss]) each.dispose();
  return Number(value);
}

async function contents(model: Decoder, optimizer: AdamW): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [name, parameter] of model.namedParameters()) {
    found[name] = [...(await parameter.data())];
    const own = optimizer.stateOf(parameter as Parameter);
    found[`${name}/step`] = own?.step;
    for (const [key, tensor] of Object.entries(own?.tensors ?? {}))
      found[`${name}/${key}`] = [...(await tensor.data())];
  }
  return found;
}

async function resumed(at: string, dtype: Half) {
  const { folder: path } = (await latestCheckpoint(at))!;
  const model = await readModel(device, path, { dtype, positions: 16 });
  const optimizer = optimizerOf(model);
  return { model, optimizer, ...(await restoreTraining(path, model, optimizer)) };
}

const free = (...all: { dispose(): void }[]) => {
  for (const each of all) each.dispose();
};

describe.each(["f32", "bf16"] as const)("%s parameters", (dtype) => {
  it.each([0, 1, 3])("go on bit for bit from step %i, although training went on while it was written", async (k) => {
    const at = join(folder, `${dtype}-${k}`);
    const model = makeModel(dtype);
    const optimizer = optimizerOf(model);
    for (let step = 0; step < k; step++) await trainStep(model, optimizer, step);
    const saved = await contents(model, optimizer);
    const writing = saveTraining(at, k, { model, optimizer, state: { seed: 7, k } });
    const losses: number[] = [];
    for (let step = k; step < 5; step++) losses.push(await trainStep(model, optimizer, step));
    await writing;
    const other = await resumed(at, dtype);
    expect([other.step, other.state]).toEqual([k, { seed: 7, k }]);
    expect(await contents(other.model, other.optimizer)).toEqual(saved);
    const again: number[] = [];
    for (let step = k; step < 5; step++) again.push(await trainStep(other.model, other.optimizer, step));
    expect(again).toEqual(losses);
    expect(await contents(other.model, other.optimizer)).toEqual(await contents(model, optimizer));
    free(model, optimizer, other.model, other.optimizer);
  });
});

/** A file whose header is so many bytes longer: its tensors lie at other places, aligned or not. */
function moveTensors(file: string, by: number): void {
  const old = readFileSync(file);
  const length = Number(old.readBigUInt64LE(0)) + by;
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(length));
  const header = old.subarray(8, 8 + length - by);
  writeFileSync(file, Buffer.concat([start, header, Buffer.alloc(by, " "), old.subarray(8 + length - by)]));
}

it.each([1, 2, 7])("is the same from files whose tensors lie %i bytes off their alignment", async (by) => {
  const at = join(folder, `off-${by}`);
  const model = makeModel("bf16");
  const optimizer = optimizerOf(model);
  for (const step of [0, 1, 2]) await trainStep(model, optimizer, step);
  await saveTraining(at, 3, { model, optimizer, state: {} });
  const { folder: path } = (await latestCheckpoint(at))!;
  const copy = join(folder, `off-${by}-copy`);
  cpSync(path, copy, { recursive: true });
  for (const name of ["model", "optimizer"]) moveTensors(join(copy, `${name}.safetensors`), by);
  const other = await readModel(device, copy, { dtype: "bf16", positions: 16 });
  const own = optimizerOf(other);
  await restoreTraining(copy, other, own);
  expect(await contents(other, own)).toEqual(await contents(model, optimizer));
  free(model, optimizer, other, own);
});

it("is of the moment of the call: what the run says of itself changes later, and is not in it", async () => {
  const at = join(folder, "moment", "in folders", "that are not there");
  const model = makeModel("f32");
  const optimizer = optimizerOf(model);
  const state = { losses: [1], loader: { epoch: 0, index: 3 } };
  const writing = saveTraining(at, 1, { model, optimizer, state });
  state.losses.push(2);
  state.loader.index = 4;
  await writing;
  const { folder: path } = (await latestCheckpoint(at))!;
  const { state: read } = await restoreTraining(path, model, optimizer);
  expect(read).toEqual({ losses: [1], loader: { epoch: 0, index: 3 } });
  free(model, optimizer);
});

it("takes the place of what an optimizer has kept, which is freed", async () => {
  const at = join(folder, "again");
  const model = makeModel("f32");
  const optimizer = optimizerOf(model);
  for (const step of [0, 1, 2]) await trainStep(model, optimizer, step);
  const saved = await contents(model, optimizer);
  await saveTraining(at, 3, { model, optimizer, state: {} });
  const before = device.memoryStats().allocated.current;
  const { folder: path } = (await latestCheckpoint(at))!;
  for (const _ of [1, 2]) await restoreTraining(path, model, optimizer);
  expect(await contents(model, optimizer)).toEqual(saved);
  expect(device.memoryStats().allocated.current).toBe(before);
  free(model, optimizer);
});

it("tensors of several pieces come back whole", async () => {
  const size = 2 ** 20 + 5; // a piece has 2^20 elements
  using tensor = device.arange(size);
  const { file, dispose } = tensorsFile("pieces", new Map([["a", tensor]]));
  await writeOneFile(join(folder, file.name), file.chunks);
  dispose();
  using back = device.zeros([size]);
  await readTensorsFile(join(folder, file.name), () => back);
  using differs = back.ne(tensor);
  using count = differs.sum();
  expect(await count.item()).toBe(0);
});

it("a full disk leaves the last checkpoint, and training goes on", async () => {
  const at = join(folder, "full");
  const model = makeModel("f32");
  const optimizer = optimizerOf(model);
  await trainStep(model, optimizer, 0);
  await saveTraining(at, 1, { model, optimizer, state: {} });
  await trainStep(model, optimizer, 1);
  const before = device.memoryStats().allocated.current;
  const full = async () => {
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  };
  const system = { ...nodeFiles, create: full };
  await expect(saveTraining(at, 2, { model, optimizer, state: {} }, { system })).rejects.toThrow("The disk is full");
  expect(device.memoryStats().allocated.current).toBe(before);
  expect((await latestCheckpoint(at))?.step).toBe(1);
  await trainStep(model, optimizer, 2);
  await saveTraining(at, 3, { model, optimizer, state: {} });
  expect((await latestCheckpoint(at))?.step).toBe(3);
  free(model, optimizer);
});

describe("what does not fit", () => {
  const edit = (change: (json: Record<string, unknown>) => unknown) => (path: string) => {
    const file = join(path, "training.json");
    writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")))));
  };
  const swap = (from: string, to: string) => (path: string) => {
    const file = join(path, "optimizer.safetensors");
    writeFileSync(file, readFileSync(file, "latin1").replaceAll(from, to), "latin1");
  };
  it("is refused for a model of another width, and nothing stays of it", async () => {
    const model = makeModel("f32");
    const optimizer = optimizerOf(model);
    for (const step of [0, 1, 2]) await trainStep(model, optimizer, step);
    await saveTraining(join(folder, "width"), 3, { model, optimizer, state: {} });
    const other = new Decoder(device, { ...config, ffnWidth: 8 }, { positions: 16 });
    const fresh = optimizerOf(other);
    const { folder: path } = (await latestCheckpoint(join(folder, "width")))!;
    const before = device.memoryStats().allocated.current;
    await expect(restoreTraining(path, other, fresh)).rejects.toThrow(
      /optimizer\.safetensors: tensor "layers\.0\.[^"]+" is \[[0-9,]+\], and layers\.0\.\S+ \[[0-9,]+\]\./,
    );
    expect(device.memoryStats().allocated.current).toBe(before);
    for (const parameter of other.parameters()) expect(fresh.stateOf(parameter as Parameter)).toBeUndefined();
    free(model, optimizer, other, fresh);
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ["no state", (path) => rmSync(join(path, "training.json")), /ENOENT.*training\.json/],
    ["no moments", (path) => rmSync(join(path, "optimizer.safetensors")), /ENOENT.*optimizer\.safetensors/],
    ["another state", edit(() => [1]), /training\.json is not the state of a training run\./],
    ["a step that is not a count", edit((json) => ({ ...json, step: 1.5 })), /is not the state of a training run\./],
    [
      "an unknown parameter",
      edit((json) => ({ ...json, optimizerSteps: { other: 1 } })),
      /training\.json: the model has no parameter "other"\./,
    ],
    [
      "steps that are not a count",
      edit((json) => ({ ...json, optimizerSteps: { "norm.weight": -1 } })),
      /norm\.weight took -1 steps, which is not a count\./,
    ],
    [
      "moments of a parameter that took no step",
      edit((json) => ({ ...json, optimizerSteps: {} })),
      /belongs to no parameter that training\.json lists\./,
    ],
    [
      "a master of f32",
      swap("norm.weight/second", "norm.weight/master"),
      /norm\.weight is f32, and its master is there\./,
    ],
  ])("is refused, and nothing stays of it: %s", async (name, change, message) => {
    const at = join(folder, "fits");
    const model = makeModel("f32");
    const optimizer = optimizerOf(model);
    for (const step of [0, 1, 2]) await trainStep(model, optimizer, step);
    await saveTraining(at, 3, { model, optimizer, state: {} });
    const path = join(folder, `broken ${name}`);
    cpSync((await latestCheckpoint(at))!.folder, path, { recursive: true });
    change(path);
    const saved = await contents(model, optimizer);
    const before = device.memoryStats().allocated.current;
    await expect(restoreTraining(path, model, optimizer)).rejects.toThrow(message);
    expect(device.memoryStats().allocated.current).toBe(before);
    expect(await contents(model, optimizer)).toEqual(saved);
    free(model, optimizer);
  });
});
