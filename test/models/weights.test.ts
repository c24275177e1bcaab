/** Weights in several files: the index and the files have to say the same, and lead nowhere else. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { layOutSafetensors } from "../../src/models/files/safetensors.ts";
import { openWeights as openFrom } from "../../src/models/files/weights.ts";
import { filesOf } from "../../src/models/node/load.ts";

const openWeights = (place: string) => openFrom(filesOf(place));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weights-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file whose tensors are two bytes each. */
function putFile(name: string, tensors: readonly string[]): void {
  const { header, size } = layOutSafetensors(tensors.map((each) => ({ name: each, dtype: "F16", shape: [1] })));
  const file = new Uint8Array(size);
  file.set(header);
  writeFileSync(join(folder, name), file);
}

function putIndex(index: unknown): void {
  writeFileSync(
    join(folder, "model.safetensors.index.json"),
    typeof index === "string" ? index : JSON.stringify(index),
  );
}

/** How many files this process has open; 0 where the system does not list them. */
const openFiles = () => (existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0);

const [one, two] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];

it("reads every tensor from its file", async () => {
  putFile(one, ["a", "b"]);
  putFile(two, ["c"]);
  putIndex({ metadata: { total_size: 6 }, weight_map: { c: two, a: one, b: one } });
  const { tensors, close } = await openWeights(folder);
  expect([...tensors].map(([name, { source }]) => [name, source.name]).sort()).toEqual([
    ["a", join(folder, one)],
    ["b", join(folder, one)],
    ["c", join(folder, two)],
  ]);
  await close();
});

it.each<[string, () => void, RegExp]>([
  [
    "a file that is missing",
    () => putIndex({ weight_map: { a: one, b: one, c: two } }),
    /model-00002-of-00002.safetensors is missing; model.safetensors.index.json says that it holds "c". Copy the whole folder./,
  ],
  [
    "a tensor that its file lacks",
    () => putIndex({ weight_map: { a: one, b: one, x: one } }),
    /model-00001-of-00002.safetensors does not hold tensor "x", as model.safetensors.index.json says/,
  ],
  [
    "a tensor that the index lacks",
    () => putIndex({ weight_map: { a: one } }),
    /model-00001-of-00002.safetensors holds tensor "b", which model.safetensors.index.json does not list/,
  ],
  [
    "a tensor in two files",
    () => {
      putFile(two, ["b", "c"]);
      putIndex({ weight_map: { a: one, b: one, c: two } });
    },
    /model-00002-of-00002.safetensors holds tensor "b", which model.safetensors.index.json has in model-00001-of-00002/,
  ],
  [
    "a tensor twice in the index",
    () => putIndex(`{"weight_map":{"a":"${one}","b":"${one}","a":"${two}"}}`),
    /index.json is not strict JSON: .* is the key "a" for the second time/,
  ],
  ["an index without a map", () => putIndex({ metadata: {} }), /index.json: weight_map is no object/],
  ["an index that is a list", () => putIndex([]), /index.json: weight_map is no object/],
  [
    "a folder in a file's place",
    () => putIndex({ weight_map: { a: "." } }),
    /weight_map has "." for "a", expected a safetensors file of this folder/,
  ],
])("refuses %s", async (_, make, message) => {
  putFile(one, ["a", "b"]);
  make();
  const before = openFiles();
  await expect(openWeights(folder)).rejects.toThrow(message);
  expect(openFiles()).toBe(before);
});

it.each([
  "../x.safetensors",
  "/etc/x.safetensors",
  "a/b.safetensors",
  "a\\b.safetensors",
  "C:\\x.safetensors",
  "x\0.safetensors",
  "x.bin",
  "",
  7,
  null,
])("refuses the file name %j", async (file) => {
  putIndex({ weight_map: { a: file } });
  await expect(openWeights(folder)).rejects.toThrow(
    `weight_map has ${JSON.stringify(file)} for "a", expected a safetensors file of this folder.`,
  );
});
