/** Files of sharded checkpoints that are broken, hostile, or of another model: refused, and nothing of the model is changed. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filesOf } from "../../src/models/node/load.ts";
import { AdamW, Parameter, SGD } from "../../src/nn/index.ts";
import { restoreShards } from "../../src/parallel/checkpoint/restore.ts";
import { takeSnapshot } from "../../src/parallel/checkpoint/snapshot.ts";
import { exportModel, ShardedCheckpoints } from "../../src/parallel/node/index.ts";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { fillWith, meet, saidBy, smallOn } from "./fake-meeting.ts";

let device: TensorDevice;
let root: string;
/** Of three ranks: rows 0 and 1, 2 and 3, and 4; the bias is in the first file. */
let whole: string;
type Trained = ReturnType<typeof smallOn>;

beforeAll(async () => {
  device = await makeTensorDevice(3);
  root = mkdtempSync(join(tmpdir(), "sharded-files-"));
  whole = await saved(
    "whole",
    [0, 1, 2].map((rank) => smallOn(device, rank, 3)),
  ); // prettier-ignore
});
afterAll(async () => {
  rmSync(root, { recursive: true });
  await closeDevices();
});

async function saved(name: string, all: readonly Trained[], withOptimizer = true): Promise<string> {
  for (const each of all) fillWith(device, each, 7);
  const groups = meet(all.length);
  const done = await Promise.all(
    all.map((each, rank) =>
      new ShardedCheckpoints(groups[rank], join(root, name)).save(7, {
        model: each.model,
        optimizer: withOptimizer ? each.optimizer : undefined,
        state: { at: 7 },
      }),
    ),
  );
  return done[0].folder;
}

type Loading = Pick<Trained, "model"> & { optimizer?: Trained["optimizer"] | SGD };

/** What two ranks are told; their parts stay what they were, and no memory is kept. */
async function refusals(
  folder: string,
  all: readonly Loading[] = [0, 1].map((rank) => smallOn(device, rank, 2)),
): Promise<string[]> {
  // prettier-ignore
  for (const each of all) if (each.optimizer instanceof AdamW) fillWith(device, each as Trained, 77);
  const groups = meet(all.length);
  const before = device.memoryStats().allocated.current;
  const results = await Promise.allSettled(all.map((each, rank) => restoreShards(groups[rank], filesOf(folder), each)));
  expect(device.memoryStats().allocated.current).toBe(before);
  for (const each of all) {
    if (each.optimizer instanceof AdamW) expect([...(await saidBy(each as Trained))]).toEqual([77]);
    else for (const parameter of each.model.parameters()) expect(each.optimizer?.stateOf(parameter)).toBe(undefined);
  }
  return results.map((each) =>
    each.status === "rejected" ? String(each.reason.message).replaceAll(folder, "CHECKPOINT") : "read",
  ); // prettier-ignore
}

function broken(change: (path: string) => void): string {
  const path = mkdtempSync(join(root, "broken-"));
  cpSync(whole, path, { recursive: true });
  change(path);
  return path;
}

/** As in the index: what is changed is anything. */
// biome-ignore lint/suspicious/noExplicitAny: hostile JSON
type Any = any;
const index = (change: (json: Any) => void) => (path: string) => {
  const file = join(path, "sharded.json");
  const json: Any = JSON.parse(readFileSync(file, "utf8"));
  change(json);
  writeFileSync(file, JSON.stringify(json));
};
const text = (file: string, from: string, to: string) => (path: string) => {
  const old = readFileSync(join(path, file), "latin1");
  expect(old).toContain(from);
  writeFileSync(join(path, file), old.replace(from, to), "latin1");
};
const rows = (change: (boxes: Any) => void) => index((json) => change(json.parameters.rows.boxes));

it("reads what is whole", async () => {
  const all = [0, 1].map((rank) => smallOn(device, rank, 2));
  const groups = meet(2);
  const found = await Promise.all(all.map((each, rank) => restoreShards(groups[rank], filesOf(whole), each)));
  expect(found.map(({ step, state }) => [step, { ...state }])).toEqual(Array(2).fill([7, { at: 7 }]));
  for (const each of all) expect([...(await saidBy(each))]).toEqual([7]);
});

describe("an index that contradicts itself is refused by every rank", () => {
  it.each<[string, (path: string) => void, string]>([
    [
      "past the end",
      rows((b) => (b[2].from = [5, 0])),
      '"rows" has a box in rank-00002.safetensors that reaches from 5 to 6 along axis 0, which has 5.',
    ],
    [
      "too long",
      rows((b) => (b[2].shape = [2, 2])),
      '"rows" has a box in rank-00002.safetensors that reaches from 4 to 6 along axis 0, which has 5.',
    ],
    [
      "too wide",
      rows((b) => (b[2].shape = [1, 3])),
      '"rows" has a box in rank-00002.safetensors that reaches from 0 to 3 along axis 1, which has 2.',
    ],
    ["a gap", rows((b) => b.pop()), '"rows" [5, 2]: its boxes have 8 of the 10 elements.'],
    ["no boxes", index((j) => (j.parameters.bias.boxes = [])), '"bias" [3]: its boxes have 0 of the 3 elements.'],
    [
      "an overlap",
      rows((b) => (b[2].from = [3, 0])),
      '"rows" [5, 2]: boxes [2, 0] + [2, 2] and [3, 0] + [1, 2] share 2 elements.',
    ],
    [
      "an empty box",
      rows((b) => (b[2].shape = [0, 2])),
      '"rows" has the empty box [4, 0] + [0, 2] in rank-00002.safetensors.',
    ],
    [
      "axes that are missing",
      rows((b) => (b[2].from = [4])),
      '"rows" has a box in rank-00002.safetensors that has 1 and 2 axes, and the whole [5, 2] has 2.',
    ],
    [
      "two boxes in one file",
      rows((b) => (b[2].file = b[1].file)),
      '"rows" has two boxes in rank-00001.safetensors, which can hold one of a name.',
    ],
    [
      "a way out",
      rows((b) => (b[2].file = "../rank-00002.safetensors")),
      '"rows" has a box in "../rank-00002.safetensors", expected a safetensors file of this folder.',
    ],
    [
      "a way out, for Windows",
      rows((b) => (b[2].file = "..\\rank.safetensors")),
      '"rows" has a box in "..\\\\rank.safetensors", expected a safetensors file',
    ],
    [
      "a device",
      rows((b) => (b[2].file = "/dev/zero")),
      '"rows" has a box in "/dev/zero", expected a safetensors file of this folder.',
    ],
    ["another file", index((j) => (j.files = [".."])), "files is no list of names without folders."],
    [
      "a negative place",
      rows((b) => (b[2].from = [-1, 0])),
      '"rows" has the box {"file":"rank-00002.safetensors","from":[-1,0],"shape":[1,2]}, expected { file, from, shape }.',
    ],
    ["a fraction", rows((b) => (b[2].from = [0.5, 0])), '"rows" has the box '],
    [
      "a rounded number",
      text("sharded.json", '"shape":[5,2]', '"shape":[9007199254740993,2]'),
      "is the whole number 9007199254740993; beyond 2^53 - 1 they are not exact.",
    ],
    [
      "more than can be counted",
      index((j) => (j.parameters.rows.shape = [2 ** 50, 2 ** 50, 0])),
      '"rows" has the shape [1125899906842624,1125899906842624,0], more than can be counted.',
    ],
    [
      "a key twice",
      text("sharded.json", '"rows":{', '"bias":{'),
      'is the key "bias" for the second time in one object.',
    ],
    [
      "an unknown dtype",
      index((j) => (j.parameters.rows.dtype = "i32")),
      '"rows" has the dtype "i32"; parameters are f32, f16, bf16.',
    ],
    ["another format", index((j) => (j.format = "x")), "is no index of a sharded checkpoint."],
    ["a later version", index((j) => (j.version = 2)), "has version 2; version 1 is read."],
    ["no step", index((j) => (j.step = null)), "its step is null, expected a whole number from 0 on."],
    ["no state", index((j) => (j.state = [1])), "state is no object."],
    ["nothing", index((j) => (j.parameters = {})), "lists no parameters."],
    ["steps below 0", index((j) => (j.parameters.rows.state.step = -1)), '"rows" took -1 steps, which is not a count.'],
    [
      "names that are none",
      index((j) => (j.parameters.rows.state.tensors = ["a/b"])),
      '"rows" keeps ["a/b"], expected a list of names.',
    ],
    [
      "moments in weights",
      index((j) => (j.hasOptimizer = false)),
      "has a state, where weights only are said to be stored.",
    ],
    ["half of it", (path) => truncateSync(join(path, "sharded.json"), 300), "is not strict JSON"],
  ])("%s", async (_, change, message) => {
    const [first, second] = await refusals(broken(change));
    expect(first).toContain("CHECKPOINT/sharded.json");
    expect(first).toContain(message);
    expect(second).toBe(first);
  });
});

describe("files that are not what the index says are refused by all, also by ranks that do not read them", () => {
  it.each<[string, (path: string) => void, string]>([
    [
      "no index",
      (path) => rmSync(join(path, "sharded.json")),
      "CHECKPOINT has no sharded.json: it is no sharded checkpoint, or is not whole.",
    ],
    [
      "no shard",
      (path) => rmSync(join(path, "rank-00002.safetensors")),
      'CHECKPOINT/rank-00002.safetensors is missing; the index says that it holds "rows". Copy the whole folder.',
    ],
    [
      "a truncated shard",
      (path) => truncateSync(join(path, "rank-00002.safetensors"), 243),
      "CHECKPOINT/rank-00002.safetensors: the last tensor, ",
    ],
    [
      "an empty shard",
      (path) => truncateSync(join(path, "rank-00002.safetensors"), 0),
      "CHECKPOINT/rank-00002.safetensors: has 0 bytes",
    ],
    [
      "another shard in its place",
      (path) => cpSync(join(path, "rank-00001.safetensors"), join(path, "rank-00002.safetensors")),
      'CHECKPOINT/rank-00002.safetensors: tensor "rows" is F32 [2, 2], and by the index F32 [1, 2].',
    ],
    [
      "another tensor",
      text("rank-00002.safetensors", '"rows"', '"bows"'),
      'CHECKPOINT/rank-00002.safetensors does not hold tensor "rows", as the index says.',
    ],
    [
      "other moments",
      text("rank-00002.safetensors", '"rows/second"', '"rows/sEcond"'),
      'CHECKPOINT/rank-00002.safetensors does not hold tensor "rows/second", as the index says.',
    ],
    [
      "another dtype",
      text("rank-00002.safetensors", '"dtype":"F32"', '"dtype":"I32"'),
      'CHECKPOINT/rank-00002.safetensors: tensor "rows" is I32 [1, 2], and by the index F32 [1, 2].',
    ],
    [
      "other moments' dtype",
      (path) =>
        writeFileSync(
          join(path, "rank-00002.safetensors"),
          readFileSync(join(path, "rank-00002.safetensors"), "latin1").replace(
            /("rows\/first":\{"dtype":)"F32"/,
            '$1"I32"',
          ),
          "latin1",
        ),
      'CHECKPOINT/rank-00002.safetensors: tensor "rows/first" is I32 [1, 2], and by the index F32 [1, 2].',
    ],
  ])("%s", async (_, change, message) => {
    const [first, second] = await refusals(broken(change));
    const own = second.startsWith("Rank 0 failed: ") ? first : second; // one of them, or both, have found it themselves
    expect(own).toContain(message);
    for (const said of [first, second]) expect(said.replace(/^Rank \d failed: /, "")).toBe(own);
  });
});

describe("a checkpoint of another model is refused", () => {
  const alone = (change: (loading: Trained) => void): Trained[] => {
    const loading = smallOn(device, 0, 1);
    change(loading);
    return [loading];
  };
  const unfilled = (model: Trained["model"], optimizer?: SGD): Loading[] => [{ model, optimizer }];

  it.each<[string, () => Loading[], string]>([
    ["rows", () => [smallOn(device, 0, 1, [6, 2])], 'sharded.json: "rows" is [5, 2], and in this model [6, 2].'],
    [
      "a turned matrix",
      () => [smallOn(device, 0, 1, [2, 5])],
      'sharded.json: "rows" is [5, 2], and in this model [2, 5].',
    ],
    [
      "a part of a whole of other rows",
      () => [0, 1].map((rank) => smallOn(device, rank, 2, [6, 2])),
      '"rows" is [5, 2], and in this model [6, 2].',
    ],
    [
      "one more",
      () => alone(({ model }) => Object.assign(model, { more: new Parameter(device, [1]) })),
      'sharded.json has no parameter "more": it is of another model.',
    ],
    [
      "one less",
      () => alone(({ model }) => Object.assign(model, { bias: undefined })),
      'sharded.json has parameter "bias", which no rank\'s model has.',
    ],
    [
      "another dtype",
      () =>
        unfilled(Object.assign(smallOn(device, 0, 1).model, { bias: new Parameter(device, [3], { dtype: "bf16" }) })),
      '"bias" is f32, and in this model bf16. Make the model in the dtype that it was trained in.',
    ],
    [
      "a gathered part",
      () => alone(({ model }) => model.rows.describe({ from: [1, 0] })),
      "rows: its part reaches from 1 to 6 along axis 0, which has 5. It is gathered now; load it outside whole().",
    ],
  ])("%s", async (_, loading, message) => {
    for (const said of await refusals(whole, loading())) expect(said).toContain(message);
  });

  it("or of another optimizer, or of weights only", async () => {
    const { model } = smallOn(device, 0, 1);
    const sgd = new SGD(model.parameters(), { momentum: 0.9 });
    expect(await refusals(whole, unfilled(model, sgd))).toEqual([
      'CHECKPOINT/sharded.json: for "rows", first, second was kept, and this optimizer keeps momentum.',
    ]);
    const one = new SGD([model.bias]);
    expect(await refusals(whole, unfilled(model, one))).toEqual([
      'CHECKPOINT/sharded.json has moments of "rows", which this optimizer does not move.',
    ]);
    const weights = await saved("weights", [smallOn(device, 0, 1)], false);
    expect(await refusals(weights)).toEqual(
      Array(2).fill(
        "CHECKPOINT/sharded.json has weights only. Restore it without an optimizer, which begins anew then.",
      ),
    );
    const [group] = meet(1);
    const own = smallOn(device, 0, 1);
    fillWith(device, own, 77);
    await restoreShards(group, filesOf(weights), { model: own.model });
    expect([...(await saidBy(own))].sort()).toEqual([7, 77]); // weights are new, and nobody has touched the moments
  });
});

describe("a model", () => {
  it("whose parameters have no bytes yet gets them", async () => {
    const own = smallOn(device, 0, 1);
    const meta = Object.assign(own.model, { rows: new Parameter(device, [5, 2], { meta: true }) });
    const optimizer = new AdamW(meta.parameters());
    expect(() => takeSnapshot({ model: meta })).toThrow(
      "rows has no values yet, which could be saved. Load or initialize it first.",
    );
    const [group] = meet(1);
    await restoreShards(group, filesOf(whole), { model: meta, optimizer });
    expect([...(await saidBy({ model: meta, optimizer }))]).toEqual([7]);
  });

  it("that an optimizer has moved forgets that where the checkpoint is from before", async () => {
    const own = smallOn(device, 0, 1);
    const fresh = new ShardedCheckpoints(meet(1)[0], join(root, "fresh"));
    await fresh.save(0, { ...own, state: {} });
    fillWith(device, own, 9);
    await fresh.restore((await fresh.latest())!, own);
    for (const parameter of own.model.parameters()) expect(own.optimizer.stateOf(parameter)).toBe(undefined);
  });

  it("is of the moment of the call, in each of two saves that are under way at once", async () => {
    const own = smallOn(device, 0, 1);
    const checkpoints = new ShardedCheckpoints(meet(1)[0], join(root, "twice"), { keep: 3 });
    const saves = [1, 2, 3].map((step) => {
      fillWith(device, own, step);
      return checkpoints.save(step, { ...own, state: { step } });
    });
    fillWith(device, own, 9);
    for (const [i, { step, folder }] of (await Promise.all(saves)).entries()) {
      expect(step).toBe(i + 1);
      const { state } = await checkpoints.restore(folder, own);
      expect([state.step, ...(await saidBy(own))]).toEqual([step, step]);
    }
  });

  it("of no known form is not exported, and nothing is left", async () => {
    const out = join(root, "none", "model");
    await expect(exportModel(meet(1)[0], out, smallOn(device, 0, 1))).rejects.toThrow(
      "The form of the model is not known: it is no Decoder. Give its config.",
    );
    expect(existsSync(join(root, "none"))).toBe(false);
  });
});
